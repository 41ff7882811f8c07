// What the process knows of the simulated device: its name, how many there are, and who in Python sees what happens.
#pragma once
#include "torch_key.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceType.h>

#include <atomic>
#include <string>

namespace portersim {

constexpr auto kSim = c10::DeviceType::SIM_KEY;
constexpr auto kSimKey = c10::DispatchKey::SIM_KEY;
constexpr auto kSparseSimKey = c10::DispatchKey::SIM_SPARSE_KEY;
constexpr int kMaxDevices = 64;

inline std::atomic<int> device_count{1};

inline std::string device_name() {
#ifdef PORTERSIM_ON_CUDA
  return "cuda";
#else
  return c10::get_privateuse1_backend();
#endif
}

inline void check_index(int64_t index) {
  TORCH_CHECK(index >= 0 && index < device_count, "invalid ", device_name(), " device index ", index, ": there are ",
              device_count.load(), " simulated devices");
}

inline bool is_sim(const at::Tensor& t) { return t.defined() && t.device().type() == kSim; }

// The events that Python is asked about. Their order is that of porter/sim/witness.py.
enum class Event : int { kNoContext, kHostToDevice, kDeviceToHost, kSync, kHostFallback, kDtype, kHostCompute, kDoubtful,
                         kToldHost };

// A ctypes callback: it finds the line of the repository in which something happens and answers yes or no.
using Witness = int (*)(int event, const char* what, int64_t amount);
inline std::atomic<Witness> witness{nullptr};
inline std::atomic<bool> tracing{false};

inline bool ask(Event event, const std::string& what, int64_t amount = 0) {
  Witness callback = witness.load();
  return callback == nullptr || callback(static_cast<int>(event), what.c_str(), amount) != 0;
}
inline void tell(Event event, const std::string& what, int64_t amount = 0) {
  if (tracing) ask(event, what, amount);
}

} // namespace portersim
