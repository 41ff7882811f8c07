// The current device of each thread, and the rule for a thread that never chose one.
#pragma once
#include "state.h"

#include <pthread.h>

namespace portersim {

// Strict: an error, as on CANN until 6.0.rc1. Device0: the thread starts on device 0, as on CUDA and on newer CANN.
// Inherit: the thread starts on the device chosen last anywhere; no vendor does so, it keeps this rule out of the way.
enum class ThreadRule : int { kInherit, kStrict, kDevice0 };

inline std::atomic<ThreadRule> thread_rule{ThreadRule::kDevice0};
inline std::string context_error; // what the vendor says of such a thread; set once at the start
inline std::atomic<bool> initialized{false};
inline std::atomic<bool> forked{false};
inline std::atomic<int> last_chosen{0};

inline thread_local int current_device = 0;
inline thread_local bool has_context = false;
inline thread_local int host_depth = 0; // above 0: the CPU operators that run now are the device's own work

inline void watch_forks() {
  static const int once = pthread_atfork(nullptr, nullptr, [] { forked = initialized.load(); });
  (void)once;
}

inline void set_device(int64_t index) {
  check_index(index);
  current_device = last_chosen = static_cast<int>(index);
  has_context = initialized = true;
}

inline void check_context() {
  if (has_context && !forked) return;
  TORCH_CHECK(!forked, "Cannot re-initialize ", device_name(), " in forked subprocess. To use ", device_name(),
              " with multiprocessing, you must use the 'spawn' start method");
  const bool first_use = !initialized.exchange(true);
  if (!first_use) {
    if (thread_rule == ThreadRule::kStrict && ask(Event::kNoContext, "thread without a device context"))
      TORCH_CHECK(false, "[porter.sim] the context is empty in this thread", context_error, ": call torch.",
                  device_name(), ".set_device(...) in this thread first");
    current_device = thread_rule == ThreadRule::kInherit ? last_chosen.load() : 0;
  }
  has_context = true;
}

// Puts a device in place for a scope, without giving the thread a context: torch does this inside its own guards.
struct OnDevice {
  explicit OnDevice(int device) : before(current_device) { current_device = device; }
  ~OnDevice() { current_device = before; }
  int before;
};

// Marks a scope in which the device computes on its CPU twins.
struct OnHost {
  OnHost() { ++host_depth; }
  ~OnHost() { --host_depth; }
  at::AutoDispatchBelowADInplaceOrView below_autograd;
};

inline int index_or_current(const c10::Device& device) {
  const int index = device.has_index() ? device.index() : current_device;
  check_index(index);
  return index;
}

} // namespace portersim
