// The hooks through which torch asks a device about itself: availability, generators, pinned memory, storage resizing.
#pragma once
#include "generator.h"
#include "memory.h"
#include "pinned.h"
#include "trace.h"

#include <ATen/native/Resize.h>
#if !TORCH_AT_LEAST(2, 7)
#include <ATen/core/GeneratorForPrivateuseone.h>
#endif
#ifdef PORTERSIM_ON_CUDA
#include <ATen/detail/CUDAHooksInterface.h>
#else
#include <ATen/detail/PrivateUse1HooksInterface.h>
#endif

namespace portersim {

// FSDP frees and brings back the memory of its parameters in this way.
inline void resize_storage(const c10::Storage& storage, size_t bytes) {
  auto host = twin_storage(storage);
  at::native::resize_bytes_nocuda(host, bytes);
  auto* device = storage.unsafeGetStorageImpl();
  device->set_data_ptr_noswap(hold(host, storage.device().index()));
  device->set_nbytes(bytes);
}

#ifdef PORTERSIM_ON_CUDA
struct Hooks final : at::CUDAHooksInterface {
  explicit Hooks(at::CUDAHooksArgs) {}
  bool hasCUDA() const override { return true; }
  int getNumGPUs() const override { return device_count; }
  c10::DeviceIndex current_device() const override { return static_cast<c10::DeviceIndex>(portersim::current_device); }
  at::Allocator* getCUDADeviceAllocator() const override { return &device_memory; }
  void deviceSynchronize(c10::DeviceIndex) const override { count_wait("device synchronize"); }
  const at::Generator& getDefaultCUDAGenerator(c10::DeviceIndex device = -1) const { return default_generator(device); }
#else
struct Hooks final : at::PrivateUse1HooksInterface {
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t bytes) const {
    resize_storage(storage, bytes);
  }
#endif
  void init() const {}
  bool isBuilt() const { return true; }
  bool isAvailable() const { return device_count > 0; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return initialized; }
  c10::DeviceIndex deviceCount() const override { return static_cast<c10::DeviceIndex>(device_count.load()); }
  void setCurrentDevice(c10::DeviceIndex device) const override { set_device(device); }
  c10::DeviceIndex getCurrentDevice() const override { return static_cast<c10::DeviceIndex>(portersim::current_device); }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex device) const override {
    const int before = portersim::current_device;
    if (device >= 0) portersim::current_device = device;
    return static_cast<c10::DeviceIndex>(before);
  }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex device) const override { return exchangeDevice(device); }
  bool isPinnedPtr(const void* pointer) const { return is_pinned(pointer); }
  at::Allocator* getPinnedMemoryAllocator() const override { return &pinned_memory; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex device = -1) SIM_CONST_SINCE_2_5 {
    return default_generator(device);
  }
  at::Generator getNewGenerator(c10::DeviceIndex device = -1) const {
    const int index = device < 0 ? portersim::current_device : device;
    return at::make_generator<DeviceGenerator>(static_cast<c10::DeviceIndex>(index));
  }
  at::Device getDeviceFromPtr(void*) const override { return {kSim, getCurrentDevice()}; }
};

#if !TORCH_AT_LEAST(2, 7) && !defined(PORTERSIM_ON_CUDA) // torch.Generator(device="npu") came here before it came to the hooks
inline at::Generator new_generator(c10::DeviceIndex device) { return at::make_generator<DeviceGenerator>(device); }
REGISTER_GENERATOR_PRIVATEUSE1(new_generator)
#endif

inline void register_memory() {
  c10::SetAllocator(kSim, &device_memory, 100);
#if TORCH_AT_LEAST(2, 9)
  at::setHostAllocator(kSim, &pinned_memory, 100);
#endif
#ifndef PORTERSIM_ON_CUDA
  at::RegisterPrivateUse1HooksInterface(new Hooks);
#endif
}

} // namespace portersim

#ifdef PORTERSIM_ON_CUDA // found by name when torch first asks for CUDA, which is why this library is loaded before torch
namespace at {
using SimHooks = portersim::Hooks;
C10_REGISTER_TYPED_CLASS(CUDAHooksRegistry, "CUDAHooks", SimHooks)
} // namespace at
#endif
