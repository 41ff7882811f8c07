// The one kernel that answers every operator: cross over, run the CPU kernel, come back.
#pragma once
#include "crossing.h"
#include "trace.h"

#include <torch/library.h>

namespace portersim {

using torch::jit::Stack;

// A copy of a value in which `change` was applied to every tensor, however deep the lists are.
template <typename Change>
c10::IValue map_tensors(const c10::IValue& value, const Change& change) {
  if (value.isTensor()) return change(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> changed;
    for (const at::Tensor& t : value.toTensorVector()) changed.push_back(change(t));
    return changed;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> changed;
    for (std::optional<at::Tensor> t : value.toOptionalTensorList())
      changed.push_back(t ? std::optional<at::Tensor>(change(*t)) : t);
    return changed;
  }
  if (value.isList() && !value.toListRef().empty() && value.toListRef()[0].isTensorList()) { // c10d's Tensor[][]
    c10::List<c10::List<at::Tensor>> changed;
    for (const c10::IValue& inner : value.toListRef()) changed.push_back(map_tensors(inner, change).toTensorList());
    return changed;
  }
  return value;
}

inline void bring_argument(c10::IValue& value, Crossing& crossing, bool written, const char* name) {
  if (value.isDevice()) {
    if (value.toDevice().type() == kSim) value = crossing.in(value.toDevice());
  } else if (value.isGenerator()) {
    TORCH_CHECK(value.toGenerator().device().type() == kSim, "Expected a '", device_name(),
                "' device type for generator but found '", value.toGenerator().device().type(), "'");
    value = cpu_generator(value.toGenerator());
  } else if (value.isStorage()) {
    if (value.toStorage().device().type() == kSim) value = crossing.in(value.toStorage());
  } else {
    value = map_tensors(value, [&](const at::Tensor& t) { return crossing.in(t, written, name); });
  }
}

inline void check_operator(const Operator& op) {
  TORCH_CHECK_NOT_IMPLEMENTED(op.refusal.empty(), "[porter.sim] ", op.refusal);
}

inline void boxed_kernel(const c10::OperatorHandle& handle, Stack* stack) {
  Operator& op = operator_of(handle);
  check_context();
  check_operator(op);
  const auto& arguments = handle.schema().arguments();
  const size_t first = stack->size() - arguments.size();
  Crossing crossing(op);
  for (size_t i = 0; i < arguments.size(); i++)
    bring_argument((*stack)[first + i], crossing, op.written[i], arguments[i].name().c_str());
  crossing.check_strays();
  count(op, crossing.device(), crossing.device_tensors());

  std::optional<LendState> lent;
  if (op.generator_argument >= 0) {
    auto& generator = (*stack)[first + op.generator_argument];
    if (generator.isNone()) generator = cpu_generator(default_generator(crossing.device()));
  } else if (op.random) {
    lent.emplace(crossing.device());
  }
  {
    OnHost scope;
    handle.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  }
  crossing.propagate();
  for (size_t i = stack->size() - handle.schema().returns().size(); i < stack->size(); i++)
    (*stack)[i] = map_tensors((*stack)[i], [&](const at::Tensor& t) { return crossing.out(t); });
}

// Answer each operator of `space` that has a kernel for `like`, so that the device runs the very operators a CPU would.
// The registration lasts as long as the process.
template <void (*kernel)(const c10::OperatorHandle&, Stack*)>
int64_t answer_all(const std::string& space, c10::DispatchKey like, bool replace) {
  static std::vector<std::unique_ptr<torch::Library>> kept;
  auto library =
      std::make_unique<torch::Library>(torch::Library::IMPL, space, std::make_optional(kSimKey), __FILE__, __LINE__);
  auto& dispatcher = c10::Dispatcher::singleton();
  int64_t answered = 0;
  for (const auto& name : dispatcher.getAllOpNames()) {
    if (name.name.rfind(space + "::", 0) != 0) continue;
    const auto handle = dispatcher.findSchema(name);
    if (!handle || !handle->hasKernelForDispatchKey(like)) continue;
    if (!replace && handle->hasKernelForDispatchKey(kSimKey)) continue;
    const auto overload = name.overload_name.empty() ? "" : "." + name.overload_name;
    library->impl((name.name.substr(space.size() + 2) + overload).c_str(),
                  torch::CppFunction::makeFromBoxedFunction<kernel>());
    answered++;
  }
  kept.push_back(std::move(library));
  return answered;
}

} // namespace portersim
