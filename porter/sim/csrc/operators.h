// What is known of each operator: its schema's traits, the vendor's tables, and how often it ran on which device.
#pragma once
#include "state.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace portersim {

struct Operator {
  std::string name;               // "aten::add.Tensor"
  std::vector<bool> written;      // per argument: the operator writes to it
  int generator_argument = -1;    // -1: it takes none
  bool random = false;            // it draws random numbers
  bool takes_host_scalar = false; // torch lets a 0-dim CPU tensor in (device_check: NoCheck)
  bool takes_host_list = false;   // torch lets CPU tensors in as indices or as lengths
  bool waits = false;             // the host must wait for its result
  bool only_shapes = false;       // views and allocation: nothing is computed
  bool tells_host = false;        // its result is a number for the host

  std::string refusal;          // the vendor's device has no such operator
  bool doubtful = false;        // the vendor's list marks it unsupported; that list errs, so this is told, not refused
  bool runs_on_host = false;    // the vendor runs it on the CPU
  uint64_t tables_version = 0;

  std::atomic<int64_t> calls[kMaxDevices]{};
  std::atomic<int64_t> host_calls{0};
};

// The vendor's tables, set from Python. A name without overload stands for all its overloads.
struct Tables {
  std::mutex lock;
  std::unordered_set<std::string> host_scalar, doubtful, on_host;
  std::unordered_map<std::string, std::string> refused;
  std::atomic<uint64_t> version{1};
};
inline Tables tables;
inline std::unordered_map<const void*, Operator*> operators; // under tables.lock; entries are never freed

inline bool one_of(const char* name, std::initializer_list<const char*> names) {
  for (const char* other : names)
    if (std::strcmp(name, other) == 0) return true;
  return false;
}

inline std::string plain_name(const std::string& name) { return name.substr(0, name.find('.')); }

inline Operator* describe(const c10::OperatorHandle& handle) {
  auto* op = new Operator;
  const auto& schema = handle.schema();
  op->name = c10::toString(handle.operator_name());
  if (op->name == "aten::_convolution") op->name = "aten::convolution"; // the name in the vendors' tables
  op->random = handle.hasTag(at::Tag::nondeterministic_seeded);
  bool makes_view = false;
  for (size_t i = 0; i < schema.arguments().size(); i++) {
    const auto& argument = schema.arguments()[i];
    const auto* alias = argument.alias_info();
    op->written.push_back(alias != nullptr && alias->isWrite());
    makes_view |= alias != nullptr && !alias->isWrite();
    if (argument.name() == "generator") op->generator_argument = static_cast<int>(i);
  }
  const char* name = op->name.c_str();
  op->takes_host_list = one_of(name, {"aten::index.Tensor", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_",
                                  "aten::_unsafe_index.Tensor", "aten::_unsafe_index_put", "aten::_ctc_loss.Tensor",
                                  "aten::_ctc_loss_backward.Tensor"});
  op->waits = one_of(name, {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal",
                        "aten::_unique2", "aten::unique_consecutive", "aten::unique_dim"});
  op->tells_host = one_of(name, {"aten::_local_scalar_dense"});
  op->only_shapes = makes_view || one_of(name, {"aten::empty.memory_format", "aten::empty_strided", "aten::resize_",
                                            "aten::set_.source_Storage", "aten::set_.source_Storage_storage_offset",
                                            "aten::_reshape_alias", "aten::as_strided", "aten::zero_",
                                            "aten::_local_scalar_dense"});
  return op;
}

inline void consult_tables(Operator& op) {
  const auto plain = plain_name(op.name);
  auto listed = [&](const auto& set) { return set.count(op.name) != 0 || set.count(plain) != 0; };
  op.takes_host_scalar = tables.host_scalar.count(op.name) != 0;
  op.doubtful = listed(tables.doubtful);
  op.runs_on_host = listed(tables.on_host);
  auto refused = tables.refused.find(op.name);
  if (refused == tables.refused.end()) refused = tables.refused.find(plain);
  op.refusal = refused == tables.refused.end() ? "" : refused->second;
  op.tables_version = tables.version;
}

inline Operator& operator_of(const c10::OperatorHandle& handle) {
  thread_local std::unordered_map<const void*, Operator*> seen;
  const void* key = &handle.operator_name();
  auto found = seen.find(key);
  if (found != seen.end() && found->second->tables_version == tables.version) return *found->second;
  std::lock_guard<std::mutex> guard(tables.lock);
  Operator*& op = operators[key];
  if (op == nullptr) op = describe(handle);
  consult_tables(*op);
  return *(seen[key] = op);
}

} // namespace portersim
