// Sparse tensors in coordinate form: torch's own functions for their structure, which ask the device for dense parts only.
#pragma once
#include "boxed.h"

#include <ATen/NativeFunctions.h>

namespace portersim {

inline at::Tensor sparse_as_dense(const at::Tensor& self, std::optional<c10::ScalarType> dtype, std::optional<bool>) {
  auto dense = at::zeros(self.sizes(), self.options().layout(c10::kStrided));
  c10::List<std::optional<at::Tensor>> places;
  for (const at::Tensor& row : self._indices().unbind(0)) places.push_back(row);
  if (places.empty()) return dense.add_(self._values().sum(0));
  dense.index_put_(places, self._values(), /*accumulate=*/true);
  return dtype ? dense.to(*dtype) : dense;
}

inline void not_sparse(const c10::OperatorHandle& handle, Stack*) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "[porter.sim] ", handle.operator_name().name,
                              " of sparse tensors is not simulated on ", device_name());
}

// Where the vendor's plug-in has them, too; where that is not known, each says that it is not simulated.
inline void answer_sparse(bool known) {
  static torch::Library others(torch::Library::IMPL, "_", std::make_optional(kSparseSimKey), __FILE__, __LINE__);
  others.fallback(torch::CppFunction::makeFromBoxedFunction<&not_sparse>());
  if (!known) return;
  static torch::Library structure(torch::Library::IMPL, "aten", std::make_optional(kSparseSimKey), __FILE__, __LINE__);
  structure.impl("_sparse_coo_tensor_with_dims", &at::native::new_with_dims_sparse);
  structure.impl("_sparse_coo_tensor_with_dims_and_tensors", TORCH_FN(at::native::new_with_dims_and_tensor_sparse_symint));
  structure.impl("empty.memory_format", TORCH_FN(at::native::empty_sparse));
  structure.impl("sparse_dim", &at::native::sparse_dim_sparse);
  structure.impl("dense_dim", &at::native::dense_dim_sparse);
  structure.impl("_nnz", &at::native::_nnz_sparse);
  structure.impl("is_coalesced", &at::native::is_coalesced_sparse);
  structure.impl("_coalesced_", &at::native::_coalesced_sparse_);
  structure.impl("_indices", &at::native::_indices_sparse);
  structure.impl("_values", &at::native::_values_sparse);
  structure.impl("indices", &at::native::indices_sparse);
  structure.impl("values", &at::native::values_sparse);
  structure.impl("clone", &at::native::clone_sparse);
  structure.impl("copy_sparse_to_sparse_", &at::native::copy_sparse_);
  structure.impl("copy_", &at::native::copy_sparse_wrapper_);
  structure.impl("resize_as_sparse_", &at::native::resize_as_sparse_);
  structure.impl("_to_dense", &sparse_as_dense);
}

} // namespace portersim
