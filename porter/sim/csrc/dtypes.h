// Which dtypes the vendor's device computes in, and what happens with one that it does not.
#pragma once
#include "operators.h"

#include <array>

namespace portersim {

// Refused: an error. Narrowed: the device silently computes narrower; an error where the repository itself asks for it,
// told where a library does. Doubtful: parts of it work; told.
enum class DtypeRule : int { kFine, kRefused, kNarrowed, kDoubtful };

constexpr int kDtypes = static_cast<int>(c10::ScalarType::NumOptions);
inline std::array<std::atomic<DtypeRule>, kDtypes> dtype_rules{};
inline std::array<std::string, kDtypes> dtype_reasons;
inline std::atomic<bool> any_dtype_rule{false};

inline void set_dtype_rule(c10::ScalarType dtype, DtypeRule rule, const std::string& reason) {
  const int i = static_cast<int>(dtype);
  dtype_reasons[i] = reason;
  dtype_rules[i] = rule;
  if (rule != DtypeRule::kFine) any_dtype_rule = true;
}

inline void check_dtype(c10::ScalarType dtype, const std::string& where) {
  const int i = static_cast<int>(dtype);
  const DtypeRule rule = dtype_rules[i];
  if (rule == DtypeRule::kFine) return;
  const std::string what = std::string(c10::toString(dtype)) + " in " + where;
  const bool asked_by_repository = rule == DtypeRule::kDoubtful ? (tell(Event::kDtype, what), false)
                                                                : ask(Event::kDtype, what);
  TORCH_CHECK(rule != DtypeRule::kRefused && !asked_by_repository, "[porter.sim] ", device_name(), ": ",
              dtype_reasons[i], " (", what, ")");
}

inline void check_dtypes(const Operator& op, const at::Tensor& t) {
  if (any_dtype_rule && !op.only_shapes && t.defined()) check_dtype(t.scalar_type(), op.name);
}

} // namespace portersim
