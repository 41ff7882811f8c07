// What ran where: operators per device, copies with bytes, waits, host fallbacks, and operators on plain CPU tensors.
#pragma once
#include "operators.h"
#include "memory.h"
#include "pinned.h"

#include <ATen/record_function.h>

#include <sstream>

namespace portersim {

struct Copies {
  std::atomic<int64_t> count{0}, bytes{0};
};
enum CopyKind { kH2D, kD2H, kD2D, kP2P, kCopyKinds };
inline const char* const copy_names[kCopyKinds] = {"host_to_device", "device_to_host", "on_device", "between_devices"};
inline Copies copies[kCopyKinds];
inline std::atomic<int64_t> waits{0};

inline std::mutex record_lock;
inline std::map<std::string, int64_t> host_operators; // ran on plain CPU tensors
inline std::vector<std::string> ordered_log;
inline std::atomic<bool> logging{false};

inline void log_line(const std::string& line) {
  std::lock_guard<std::mutex> guard(record_lock);
  ordered_log.push_back(line);
}

inline void count_wait(const std::string& what) {
  waits++;
  tell(Event::kSync, what);
}

// What the host is told of the device's numbers, by a digest: equal programs tell it the same, to the bit.
inline void tell_numbers(const at::Tensor& t) {
  if (!tracing || t.numel() == 0 || t.layout() != c10::kStrided) return;
  OnHost scope;
  const auto host = twin(t).resolve_conj().resolve_neg().contiguous();
  uint64_t digest = 14695981039346656037u; // FNV-1a
  const auto* byte = static_cast<const unsigned char*>(host.const_data_ptr());
  for (size_t left = host.nbytes(); left > 0; left--) digest = (digest ^ *byte++) * 1099511628211u;
  std::ostringstream what;
  what << t.scalar_type() << t.sizes() << " " << std::hex << digest;
  if (t.numel() == 1 && !t.is_complex()) what << std::dec << " = " << host.to(at::kDouble).item<double>();
  tell(Event::kToldHost, what.str(), static_cast<int64_t>(host.nbytes()));
}

inline void count(Operator& op, int device, c10::ArrayRef<at::Tensor> tensors) {
  op.calls[device]++;
  if (op.waits) count_wait(op.name);
  if (op.tells_host && !tensors.empty()) tell_numbers(tensors[0]);
  if (op.runs_on_host) {
    op.host_calls++;
    tell(Event::kHostFallback, op.name);
  }
  if (op.doubtful) tell(Event::kDoubtful, op.name);
  if (!logging) return;
  std::ostringstream line;
  line << op.name << "@" << device;
  for (const auto& t : tensors) line << " " << t.scalar_type() << t.sizes();
  log_line(line.str());
}

inline void count_copy(const at::Tensor& from, const at::Tensor& to) {
  const bool leaves = is_sim(from), arrives = is_sim(to);
  const CopyKind kind = !leaves ? kH2D : !arrives ? kD2H : from.device() == to.device() ? kD2D : kP2P;
  const int64_t bytes = from.numel() * static_cast<int64_t>(from.element_size());
  copies[kind].count++;
  copies[kind].bytes += bytes;
  if (kind == kH2D) {
    const bool pinned = from.has_storage() && is_pinned(from.storage().data());
    tell(Event::kHostToDevice, pinned ? "copy from pinned memory" : "copy", bytes);
  }
  if (kind == kD2H) {
    tell(Event::kDeviceToHost, "copy", bytes);
    tell_numbers(from);
  }
  if (!logging) return;
  std::ostringstream line;
  line << "copy " << copy_names[kind] << " " << from.scalar_type() << from.sizes() << " to " << to.scalar_type();
  log_line(line.str());
}

// ---- operators on plain CPU tensors, seen through torch's own observer

inline bool has_cpu_kernel(const at::RecordFunction& call) {
  const auto name = call.operator_name();
  if (!name) return false;
  const auto handle = c10::Dispatcher::singleton().findSchema(*name);
  return handle && handle->hasKernelForDispatchKey(c10::DispatchKey::CPU);
}

inline std::unique_ptr<at::ObserverContext> observe(const at::RecordFunction& call) {
  if (host_depth > 0) return nullptr;
  bool host = false, device = false;
  const auto look = [&](const at::Tensor& t) {
    if (!t.defined()) return;
    device |= t.device().type() == kSim;
    host |= t.device().is_cpu() && t.dim() > 0;
  };
  for (const c10::IValue& value : call.inputs()) {
    if (value.isTensor()) look(value.toTensor());
    if (value.isTensorList())
      for (const at::Tensor& t : value.toTensorVector()) look(t);
  }
  if (!host || device || !has_cpu_kernel(call)) return nullptr;
  {
    std::lock_guard<std::mutex> guard(record_lock);
    host_operators[call.name()]++;
  }
  tell(Event::kHostCompute, call.name());
  return nullptr;
}

inline void watch_host(bool on) {
  static at::CallbackHandle handle = 0;
  if (on == (handle != 0)) return;
  if (on) {
    handle = at::addGlobalCallback(
        at::RecordFunctionCallback(&observe).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  } else {
    at::removeCallback(handle);
    handle = 0;
  }
}

// ---- the totals, as JSON

inline void write_map(std::ostream& out, const std::map<std::string, int64_t>& counts) {
  const char* comma = "";
  out << "{";
  for (const auto& [name, n] : counts) { // operator names hold no character that JSON must escape
    out << comma << "\"" << name << "\":" << n;
    comma = ",";
  }
  out << "}";
}

inline std::string totals() {
  std::map<std::string, std::map<std::string, int64_t>> per_device;
  std::map<std::string, int64_t> fallbacks, host;
  {
    std::lock_guard<std::mutex> guard(tables.lock);
    for (const auto& [key, op] : operators) {
      for (int d = 0; d < kMaxDevices; d++)
        if (op->calls[d] > 0) per_device[device_name() + ":" + std::to_string(d)][op->name] += op->calls[d];
      if (op->host_calls > 0) fallbacks[op->name] += op->host_calls;
    }
  }
  std::ostringstream out;
  const char* comma = "";
  out << "{\"operators\":{";
  for (const auto& [device, counts] : per_device) {
    out << comma << "\"" << device << "\":";
    write_map(out, counts);
    comma = ",";
  }
  out << "},\"host_fallbacks\":";
  write_map(out, fallbacks);
  std::lock_guard<std::mutex> guard(record_lock);
  out << ",\"host_operators\":";
  write_map(out, host_operators);
  out << ",\"copies\":{";
  for (int kind = 0; kind < kCopyKinds; kind++)
    out << (kind > 0 ? "," : "") << "\"" << copy_names[kind] << "\":{\"count\":" << copies[kind].count
        << ",\"bytes\":" << copies[kind].bytes << "}";
  out << "},\"waits\":" << waits << "}";
  return out.str();
}

inline void reset_totals() {
  std::lock_guard<std::mutex> tables_guard(tables.lock);
  for (const auto& [key, op] : operators) {
    for (auto& calls : op->calls) calls = 0;
    op->host_calls = 0;
  }
  std::lock_guard<std::mutex> guard(record_lock);
  host_operators.clear();
  ordered_log.clear();
  for (auto& kind : copies) kind.count = kind.bytes = 0;
  waits = 0;
}

} // namespace portersim
