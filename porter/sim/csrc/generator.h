// Random numbers: a device generator draws from a CPU generator of its own, so equal seeds give what a CPU run gives.
#pragma once
#include "context.h"

#include <ATen/CPUGeneratorImpl.h>

namespace portersim {

struct DeviceGenerator final : c10::GeneratorImpl {
  explicit DeviceGenerator(c10::DeviceIndex device)
      : c10::GeneratorImpl(c10::Device(kSim, device), c10::DispatchKeySet(kSimKey)),
        cpu(at::detail::createCPUGenerator(c10::default_rng_seed_val)) {}

  void set_current_seed(uint64_t seed) override { cpu.set_current_seed(seed); }
  uint64_t current_seed() const override { return cpu.current_seed(); }
  uint64_t seed() override { return cpu.seed(); }
  void set_offset(uint64_t) override { TORCH_CHECK(false, "[porter.sim] a generator's offset is not simulated"); }
  uint64_t get_offset() const override { return 0; }
  void set_state(const c10::TensorImpl& state) override { cpu.unsafeGetGeneratorImpl()->set_state(state); }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override { return cpu.unsafeGetGeneratorImpl()->get_state(); }
  DeviceGenerator* clone_impl() const override {
    auto* copy = new DeviceGenerator(device_.index());
    copy->cpu = cpu.clone();
    return copy;
  }

  at::Generator cpu;
};

inline const at::Generator& default_generator(int64_t device) {
  static const std::vector<at::Generator> all = [] {
    std::vector<at::Generator> made;
    for (int i = 0; i < kMaxDevices; i++) made.push_back(at::make_generator<DeviceGenerator>(i));
    return made;
  }();
  return all.at(device < 0 ? current_device : device);
}

inline at::Generator cpu_generator(const at::Generator& generator) {
  return static_cast<DeviceGenerator*>(generator.unsafeGetGeneratorImpl())->cpu;
}

// For operators that draw from the default generator without taking one: lend them the device's state for a scope.
struct LendState {
  explicit LendState(int device)
      : host(at::detail::getDefaultCPUGenerator()), own(cpu_generator(default_generator(device))), kept(host.get_state()) {
    host.set_state(own.get_state());
  }
  ~LendState() {
    own.set_state(host.get_state());
    host.set_state(kept);
  }
  at::Generator host, own;
  at::Tensor kept;
};

} // namespace portersim
