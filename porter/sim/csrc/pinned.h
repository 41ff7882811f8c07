// Pinned host memory: ordinary memory whose addresses are remembered, so that is_pinned() answers as it would.
#pragma once
#include "state.h"

#include <ATen/EmptyTensor.h>

#if TORCH_AT_LEAST(2, 9)
#include <ATen/core/CachingHostAllocator.h>
#endif

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

namespace portersim {

inline std::mutex pinned_lock;
inline std::map<const char*, size_t> pinned_blocks; // start, bytes

inline void unpin(void* block) {
  {
    std::lock_guard<std::mutex> guard(pinned_lock);
    pinned_blocks.erase(static_cast<const char*>(block));
  }
  std::free(block);
}

inline bool is_pinned(const void* pointer) {
  std::lock_guard<std::mutex> guard(pinned_lock);
  const auto* address = static_cast<const char*>(pointer);
  auto block = pinned_blocks.upper_bound(address);
  return block != pinned_blocks.begin() && (--block, address < block->first + block->second);
}

#if TORCH_AT_LEAST(2, 9)
struct PinnedMemory final : at::HostAllocator {
#else
struct PinnedMemory final : at::Allocator {
#endif
  at::DataPtr allocate(size_t bytes) override {
    void* block = nullptr;
    const size_t size = bytes == 0 ? 1 : bytes;
    TORCH_CHECK(posix_memalign(&block, 64, size) == 0, "out of host memory: cannot pin ", bytes, " bytes");
    std::lock_guard<std::mutex> guard(pinned_lock);
    pinned_blocks[static_cast<const char*>(block)] = size;
    return {block, block, &unpin, c10::Device(c10::kCPU)};
  }
  at::DeleterFnPtr raw_deleter() const override { return &unpin; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
#if TORCH_AT_LEAST(2, 9)
  bool record_event(void*, void*, c10::Stream) override { return true; }
  void empty_cache() override {}
  at::HostStats get_stats() override { return {}; }
  void reset_accumulated_stats() override {}
  void reset_peak_stats() override {}
#endif
};
inline PinnedMemory pinned_memory;

#if !TORCH_AT_LEAST(2, 6) // torch asked the device's own operators before it asked the hooks
inline bool is_pinned_tensor(const at::Tensor& t, std::optional<at::Device>) { return is_pinned(t.storage().data()); }

inline at::Tensor pin_tensor(const at::Tensor& t, std::optional<at::Device>) {
  const auto bytes = at::detail::computeStorageNbytes(t.sizes(), t.strides(), t.element_size());
  const c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, &pinned_memory, false);
  return at::empty({0}, t.options()).set_(storage, 0, t.sizes(), t.strides()).copy_(t);
}
#endif

} // namespace portersim
