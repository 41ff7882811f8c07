// Which torch this is built against, and which of its device keys carries the simulated device.
#pragma once
#include <torch/version.h>

#define TORCH_AT_LEAST(major, minor) (TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR >= (major) * 100 + (minor))

// A vendor's device sits on PrivateUse1, as the vendor's own plug-in does. The second build sits on the CUDA key,
// so that code written for CUDA runs unchanged on a torch that has none.
#ifdef PORTERSIM_ON_CUDA
#define SIM_KEY CUDA
#define SIM_AUTOGRAD_KEY AutogradCUDA
#define SIM_SPARSE_KEY SparseCUDA
#define SIM_LIBRARY portersimcuda
#else
#define SIM_KEY PrivateUse1
#define SIM_AUTOGRAD_KEY AutogradPrivateUse1
#define SIM_SPARSE_KEY SparsePrivateUse1
#define SIM_LIBRARY portersim
#endif

// TORCH_LIBRARY pastes its argument; one more step lets SIM_LIBRARY be expanded first.
#define SIM_DEFINE_LIBRARY(name, m) TORCH_LIBRARY(name, m)

// Members of torch's interfaces that came with one version and not with another are written without `override`:
// where torch has them as virtual, they answer; where not, nobody calls them.
#if TORCH_AT_LEAST(2, 5)
#define SIM_CONST_SINCE_2_5 const
#else
#define SIM_CONST_SINCE_2_5
#endif
