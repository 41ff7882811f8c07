// Device memory: an allocation is an ordinary CPU storage behind a device pointer, so a "twin" on CPU costs no copy.
#pragma once
#include "context.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/CPUAllocator.h>
#if TORCH_AT_LEAST(2, 9)
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include <cstring>

namespace portersim {

struct Usage {
  std::atomic<int64_t> now{0}, peak{0}, allocations{0};
};
inline Usage usage[kMaxDevices];
inline std::atomic<int64_t> capacity{int64_t(64) << 30};

// What a device pointer holds: the CPU storage that owns the bytes.
struct Holding {
  c10::Storage cpu;
  int device;
  int64_t bytes;
};

inline void release(void* context) {
  auto* held = static_cast<Holding*>(context);
  usage[held->device].now -= held->bytes;
  delete held;
}

inline void check_capacity(int device, int64_t bytes) {
  const int64_t used = usage[device].now;
  TORCH_CHECK_WITH(OutOfMemoryError, used + bytes <= capacity, device_name(), " out of memory. Tried to allocate ",
                   bytes / 1048576.0, " MiB (", device_name(), " ", device, "; ", capacity / 1048576.0,
                   " MiB total capacity; ", used / 1048576.0, " MiB already allocated)");
}

inline at::DataPtr hold(const c10::Storage& cpu, int device) {
  const auto bytes = static_cast<int64_t>(cpu.nbytes());
  check_capacity(device, bytes);
  Usage& u = usage[device];
  const int64_t now = u.now += bytes;
  u.allocations++;
  for (int64_t peak = u.peak; now > peak && !u.peak.compare_exchange_weak(peak, now);) {}
  return {const_cast<void*>(cpu.data()), new Holding{cpu, device, bytes}, &release, c10::Device(kSim, device)};
}

inline c10::Storage cpu_storage(size_t bytes) {
  return c10::Storage(c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), bytes,
                                                            c10::GetCPUAllocator(), true));
}

#if TORCH_AT_LEAST(2, 9)
struct DeviceMemory final : c10::DeviceAllocator {
#else
struct DeviceMemory final : c10::Allocator {
#endif
  at::DataPtr allocate(size_t bytes) override {
    check_context();
    check_capacity(current_device, static_cast<int64_t>(bytes));
    return hold(cpu_storage(bytes), current_device);
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
#if TORCH_AT_LEAST(2, 9)
  bool initialized() override { return portersim::initialized; }
  void emptyCache(c10::MempoolId_t = {0, 0}) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override {
    c10::CachingDeviceAllocator::DeviceStats stats;
    for (auto* kind : {&stats.allocated_bytes, &stats.reserved_bytes, &stats.active_bytes, &stats.requested_bytes}) {
      (*kind)[0].current = usage[device].now;
      (*kind)[0].peak = usage[device].peak;
    }
    return stats;
  }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex device) override { usage[device].peak = usage[device].now.load(); }
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) {
    return {static_cast<size_t>(capacity - usage[device].now), static_cast<size_t>(capacity)};
  }
#endif
};
inline DeviceMemory device_memory;

inline c10::Storage device_storage(const c10::Storage& cpu, int device) {
  return c10::Storage(c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), cpu.nbytes(),
                                                            hold(cpu, device), &device_memory, true));
}

// The CPU storage behind a device storage. A pointer that is not ours (emptied, or made by others) is borrowed.
inline c10::Storage twin_storage(const c10::Storage& storage) {
  const auto& pointer = storage.data_ptr();
  if (pointer.get_deleter() == &release && pointer.get_context() != nullptr)
    return static_cast<Holding*>(pointer.get_context())->cpu;
  auto borrowed = at::DataPtr(
      const_cast<void*>(storage.data()), new c10::Storage(storage),
      [](void* kept) { delete static_cast<c10::Storage*>(kept); }, c10::Device(c10::kCPU));
  return c10::Storage(c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), storage.nbytes(),
                                                            std::move(borrowed), c10::GetCPUAllocator(), true));
}

inline void copy_flags(const at::Tensor& from, const at::Tensor& to) {
  if (from.is_conj()) to._set_conj(true);
  if (from.is_neg()) to._set_neg(true);
}

inline at::Tensor tensor_over(const c10::Storage& storage, c10::DispatchKey key, const at::Tensor& shape) {
  auto made = at::detail::make_tensor<c10::TensorImpl>(c10::Storage(storage), c10::DispatchKeySet(key), shape.dtype());
  made.unsafeGetTensorImpl()->set_sizes_and_strides(shape.sizes(), shape.strides(), shape.storage_offset());
  copy_flags(shape, made);
  return made;
}

// The same bytes, shape and dtype as a CPU tensor: what every operator really computes on.
inline at::Tensor twin(const at::Tensor& t) {
  auto made = tensor_over(twin_storage(t.storage()), c10::DispatchKey::CPU, t);
  if (t.unsafeGetTensorImpl()->is_wrapped_number()) made.unsafeGetTensorImpl()->set_wrapped_number(true);
  return made;
}

} // namespace portersim
