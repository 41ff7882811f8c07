// Collectives: hccl, cncl or mccl on device tensors run over gloo on their twins.
#pragma once
#include "boxed.h"

#ifdef PORTERSIM_DISTRIBUTED
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#ifdef PORTERSIM_ON_CUDA
#include <torch/csrc/distributed/c10d/reducer_timer.hpp>
#endif

namespace portersim {

// A group like `group` whose CPU backend is the gloo that serves the device there. getBackend raises torch's own error
// where the group has no backend for this device, as gloo alone has none for a device tensor.
inline c10::intrusive_ptr<c10d::ProcessGroup> host_group(const c10::intrusive_ptr<c10d::ProcessGroup>& group) {
  struct Shadow {
    c10d::Backend* backend = nullptr;
    c10::intrusive_ptr<c10d::ProcessGroup> group;
  };
  static std::mutex lock;
  static std::unordered_map<c10d::ProcessGroup*, Shadow> shadows;
  auto backend = group->getBackend(kSim);
  std::lock_guard<std::mutex> guard(lock);
  Shadow& shadow = shadows[group.get()];
  if (shadow.backend == backend.get()) return shadow.group;
  shadow.backend = backend.get();
  shadow.group = c10::make_intrusive<c10d::ProcessGroup>(group->getRank(), group->getSize());
  shadow.group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, backend);
#if TORCH_AT_LEAST(2, 6)
  shadow.group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
#endif
  return shadow.group;
}

inline void collective(const c10::OperatorHandle& handle, Stack* stack) {
  const auto& arguments = handle.schema().arguments();
  const size_t first = stack->size() - arguments.size();
  for (size_t i = 0; i < arguments.size(); i++) {
    c10::IValue& value = (*stack)[first + i];
    if (value.isCustomClass() && arguments[i].name() == "process_group")
      value = host_group(value.toCustomClass<c10d::ProcessGroup>());
  }
  boxed_kernel(handle, stack);
}

inline int64_t answer_collectives() {
  struct Quiet : c10::WarningHandler { // torch warns once that its own PrivateUse1 collectives are replaced
    void process(const c10::Warning&) override {}
  } quiet;
  c10::WarningUtils::WarningHandlerGuard guard(&quiet);
  return answer_all<&collective>("c10d", kSimKey, true);
}

#ifdef PORTERSIM_ON_CUDA // DDP keeps the time of its steps on a device that it calls CUDA
struct DeviceTimer final : c10d::Timer {
  explicit DeviceTimer(c10::Device) {}
  std::optional<int64_t> measureDifference(Event start, Event end) override {
    const auto from = getTimestamp(start), to = getTimestamp(end);
    return from && to ? std::optional<int64_t>(*to - *from) : std::nullopt;
  }
};
#endif

} // namespace portersim

#ifdef PORTERSIM_ON_CUDA
namespace c10d {
using SimTimer = portersim::DeviceTimer;
C10_REGISTER_TYPED_CLASS(TimerRegistry, c10::kCUDA, SimTimer)
} // namespace c10d
#endif
#else
namespace portersim {
inline int64_t answer_collectives() { return 0; }
} // namespace portersim
#endif
