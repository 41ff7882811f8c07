// Streams and events: work is done when it is asked for, so streams only keep their identity and events their time.
#pragma once
#include "trace.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <chrono>

namespace portersim {

inline thread_local std::map<int, int64_t> current_streams;
inline std::atomic<int64_t> next_stream{1};

struct RecordedEvent {
  std::chrono::steady_clock::time_point at;
};

struct DeviceGuard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kSim; }

  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before(kSim, current_device);
    if (device.index() >= 0) {
      check_index(device.index());
      current_device = device.index();
    }
    return before;
  }
  c10::Device getDevice() const override { return {kSim, static_cast<c10::DeviceIndex>(current_device)}; }
  // The autograd engine gives its worker threads their device through here: they have a context, as on hardware.
  void setDevice(c10::Device device) const override { set_device(device.index()); }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    if (device.index() >= 0) current_device = device.index();
  }
  c10::DeviceIndex deviceCount() const noexcept override { return static_cast<c10::DeviceIndex>(device_count.load()); }

  static c10::Device indexed(c10::Device device) {
    return {kSim, static_cast<c10::DeviceIndex>(device.has_index() ? device.index() : current_device)};
  }
  c10::Stream getStream(c10::Device device) const noexcept override {
    const auto d = indexed(device);
    return c10::Stream(c10::Stream::UNSAFE, d, current_streams[d.index()]);
  }
  c10::Stream getDefaultStream(c10::Device device) const override {
    return c10::Stream(c10::Stream::DEFAULT, indexed(device));
  }
  c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override { return getNewStream(device); }
  c10::Stream getNewStream(c10::Device device, int = 0) const override {
    return c10::Stream(c10::Stream::UNSAFE, indexed(device), next_stream++);
  }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override {
    const auto before = getStream(stream.device());
    current_streams[stream.device_index()] = stream.id();
    return before;
  }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { count_wait("stream synchronize"); }

  void record(void** event, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {
    if (*event == nullptr) *event = new RecordedEvent;
    static_cast<RecordedEvent*>(*event)->at = std::chrono::steady_clock::now();
  }
  void destroyEvent(void* event, c10::DeviceIndex) const noexcept override { delete static_cast<RecordedEvent*>(event); }
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override { count_wait("event synchronize"); }
  void synchronizeDevice(c10::DeviceIndex) const { count_wait("device synchronize"); }
  double elapsedTime(void* start, void* end, c10::DeviceIndex) const override {
    TORCH_CHECK(start && end, "Both events must be recorded before calculating elapsed time.");
    const auto passed = static_cast<RecordedEvent*>(end)->at - static_cast<RecordedEvent*>(start)->at;
    return std::chrono::duration<double, std::milli>(passed).count();
  }
};

C10_REGISTER_GUARD_IMPL(SIM_KEY, DeviceGuard);

} // namespace portersim
