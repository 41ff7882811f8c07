// Fused attention: the choice and the kernel that plain CPU would use, so that results are equal to the bit.
#pragma once
#include "boxed.h"

#include <ATen/native/transformers/attention.h>
#include <ATen/native/transformers/sdp_utils_cpp.h>

namespace portersim {

using OptionalTensor = std::optional<at::Tensor>;

inline int64_t choose_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                                const OptionalTensor& mask, double dropout, bool causal, std::optional<double> scale,
                                bool grouped) {
  const auto host = [](const at::Tensor& t) {
    auto made = twin(t);
    if (t.requires_grad()) made.set_requires_grad(true); // the choice depends on it
    return made;
  };
  const bool masked = mask && mask->defined();
  const OptionalTensor host_mask = masked && is_sim(*mask) ? OptionalTensor(twin(*mask)) : mask;
  const int64_t chosen =
      at::_fused_sdp_choice(host(query), host(key), host(value), host_mask, dropout, causal, scale, grouped);
  const bool fused = chosen == static_cast<int64_t>(sdp::SDPBackend::flash_attention);
  return static_cast<int64_t>(fused ? sdp::SDPBackend::overrideable : sdp::SDPBackend::math);
}

inline Operator& attention_operator(const char* name) {
  return operator_of(c10::Dispatcher::singleton().findSchemaOrThrow(name, ""));
}

inline std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, c10::SymInt, c10::SymInt, at::Tensor, at::Tensor, at::Tensor>
attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const OptionalTensor& mask,
          double dropout, bool causal, bool /*return_debug_mask*/, std::optional<double> scale) {
  check_context();
  Operator& op = attention_operator("aten::_scaled_dot_product_fused_attention_overrideable");
  check_operator(op);
  Crossing crossing(op);
  const auto q = crossing.in(query, false, "query"), k = crossing.in(key, false, "key"), v = crossing.in(value, false, "value");
  OptionalTensor m;
  if (mask && mask->defined()) m = crossing.in(*mask, false, "attn_mask");
  crossing.check_strays();
  count(op, crossing.device(), crossing.device_tensors());
  OnHost scope;
  const auto [output, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, v, dropout, causal, m, scale);
  const auto philox = at::empty({}, at::dtype(at::kLong)); // the CPU kernel has no dropout, so no random state
  return {crossing.out(output), crossing.out(logsumexp), at::Tensor(), at::Tensor(), c10::SymInt(query.size(2)),
          c10::SymInt(key.size(2)), philox, philox, at::Tensor()};
}

inline std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> attention_backward(
    const at::Tensor& gradient, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
    const at::Tensor& mask, std::array<bool, 4> /*wanted*/, const at::Tensor& output, const at::Tensor& logsumexp,
    const at::Tensor& /*lengths_q*/, const at::Tensor& /*lengths_k*/, int64_t /*max_q*/, int64_t /*max_k*/,
    double dropout, bool causal, const at::Tensor& /*seed*/, const at::Tensor& /*offset*/, std::optional<double> scale) {
  check_context();
  Operator& op = attention_operator("aten::_scaled_dot_product_fused_attention_overrideable_backward");
  Crossing crossing(op);
  const auto g = crossing.in(gradient, false, "grad_out"), q = crossing.in(query, false, "query");
  const auto k = crossing.in(key, false, "key"), v = crossing.in(value, false, "value");
  const auto o = crossing.in(output, false, "out"), l = crossing.in(logsumexp, false, "logsumexp");
  OptionalTensor m;
  if (mask.defined()) m = crossing.in(mask, false, "attn_bias");
  crossing.check_strays();
  count(op, crossing.device(), crossing.device_tensors());
  OnHost scope;
  const auto [dq, dk, dv] =
      at::_scaled_dot_product_flash_attention_for_cpu_backward(g, q, k, v, o, l, dropout, causal, m, scale);
  return {crossing.out(dq), crossing.out(dk), crossing.out(dv), at::Tensor()};
}

} // namespace portersim
