// The operators that the one boxed kernel cannot answer: allocation, copies, softmax, recurrent cells.
#pragma once
#include "boxed.h"

namespace portersim {

// ---- allocation

inline void check_layout(std::optional<c10::Layout> layout, std::optional<bool> pinned) {
  TORCH_CHECK_NOT_IMPLEMENTED(c10::layout_or_default(layout) == c10::kStrided, "[porter.sim] ",
                              c10::layout_or_default(layout), " tensors are not simulated on ", device_name());
  TORCH_CHECK(!c10::pinned_memory_or_default(pinned), "Only dense CPU tensors can be pinned");
}

inline at::Tensor empty(c10::IntArrayRef size, std::optional<c10::ScalarType> dtype, std::optional<c10::Layout> layout,
                        std::optional<c10::Device> device, std::optional<bool> pinned,
                        std::optional<c10::MemoryFormat> format) {
  check_context();
  check_layout(layout, pinned);
  OnDevice scope(index_or_current(c10::device_or_default(device)));
  return at::detail::empty_generic(size, &device_memory, c10::DispatchKeySet(kSimKey), c10::dtype_or_default(dtype), format);
}

inline at::Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride, std::optional<c10::ScalarType> dtype,
                                std::optional<c10::Layout> layout, std::optional<c10::Device> device,
                                std::optional<bool> pinned) {
  check_context();
  check_layout(layout, pinned);
  OnDevice scope(index_or_current(c10::device_or_default(device)));
  return at::detail::empty_strided_generic(size, stride, &device_memory, c10::DispatchKeySet(kSimKey),
                                           c10::dtype_or_default(dtype));
}

// ---- copies: the only operator that may see two devices

inline at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool /*non_blocking*/) {
  check_context();
  count_copy(from, to);
  if (any_dtype_rule && is_sim(to) && (!is_sim(from) || from.scalar_type() != to.scalar_type()))
    check_dtype(to.scalar_type(), is_sim(from) ? "a conversion on the device" : "a copy to the device");
  OnHost scope;
  auto target = is_sim(to) ? twin(to) : to;
  target.copy_(is_sim(from) ? twin(from) : from, false);
  return to;
}

inline at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  const_cast<at::Tensor&>(to).resize_(from.sizes());
  return copy_from(from, to, false);
}

inline at::Tensor& copy_into(at::Tensor& to, const at::Tensor& from, bool non_blocking) {
  copy_from(from, to, non_blocking);
  return to;
}

inline void record_stream(at::Tensor&, at::Stream) {}

// Whether a parameter can take over a tensor's data in place, as Module.to() does: between CPU and the device it can, as
// the vendors' plug-ins say, too. Else weights that two layers share would come apart on the way to the device.
inline bool can_take_over(const at::Tensor& to, const at::Tensor& from) {
  return to.layout() == c10::kStrided && from.layout() == c10::kStrided;
}

// ---- softmax on the CUDA key: torch asks it to widen half to float, which CPU kernels refuse

inline void widening_softmax(const c10::OperatorHandle& handle, Stack* stack) {
  const size_t first = stack->size() - 3;
  if ((*stack)[first + 2].toBool()) {
    (*stack)[first] = (*stack)[first].toTensor().to(at::kFloat);
    (*stack)[first + 2] = false;
  }
  boxed_kernel(handle, stack);
}

inline void widening_softmax_backward(const c10::OperatorHandle& handle, Stack* stack) {
  const size_t first = stack->size() - 4;
  const auto gradient = (*stack)[first].toTensor().scalar_type();
  const auto input = (*stack)[first + 3].toScalarType();
  (*stack)[first + 3] = gradient;
  boxed_kernel(handle, stack);
  if (gradient != input) stack->back() = stack->back().toTensor().to(input);
}

// ---- on the CUDA key torch asks whether cuDNN or MIOpen should do it; there is none

inline bool no_library_ctc(const at::Tensor&, const at::Tensor&, at::IntArrayRef, at::IntArrayRef, int64_t) {
  return false;
}
inline bool no_library_ctc_tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t) {
  return false;
}

// ---- recurrent cells: torch picks the fused cell; as composites they get their gradients from autograd

inline at::Tensor with_bias(const at::Tensor& t, const std::optional<at::Tensor>& bias) {
  return bias && bias->defined() ? t + *bias : t;
}

inline std::tuple<at::Tensor, at::Tensor, at::Tensor> lstm_cell(const at::Tensor& input, const at::Tensor& hidden,
                                                                const at::Tensor& cell,
                                                                const std::optional<at::Tensor>& input_bias,
                                                                const std::optional<at::Tensor>& hidden_bias) {
  const auto gates = with_bias(with_bias(input + hidden, input_bias), hidden_bias).chunk(4, 1);
  const auto next = at::sigmoid(gates[1]) * cell + at::sigmoid(gates[0]) * at::tanh(gates[2]);
  return {at::sigmoid(gates[3]) * at::tanh(next), next, at::Tensor()};
}

inline std::tuple<at::Tensor, at::Tensor> gru_cell(const at::Tensor& input, const at::Tensor& hidden,
                                                   const at::Tensor& state, const std::optional<at::Tensor>& input_bias,
                                                   const std::optional<at::Tensor>& hidden_bias) {
  const auto in = with_bias(input, input_bias).chunk(3, 1);
  const auto hid = with_bias(hidden, hidden_bias).chunk(3, 1);
  const auto reset = at::sigmoid(in[0] + hid[0]);
  const auto update = at::sigmoid(in[1] + hid[1]);
  const auto fresh = at::tanh(in[2] + reset * hid[2]);
  return {(state - fresh) * update + fresh, at::Tensor()};
}

} // namespace portersim
