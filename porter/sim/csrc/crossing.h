// One operator call, carried over to the CPU and back: device tensors become twins, results become device tensors.
#pragma once
#include "dtypes.h"
#include "generator.h"
#include "memory.h"

namespace portersim {

class Crossing {
 public:
  explicit Crossing(Operator& op) : op_(op) {}

  int device() const { return device_ < 0 ? current_device : device_; }
  const c10::SmallVectorImpl<at::Tensor>& device_tensors() const { return device_tensors_; }

  at::Tensor in(const at::Tensor& t, bool written, const char* argument) {
    if (!t.defined()) return t;
    if (t.device().is_cpu() && !allowed_on_host(t, written, argument) && stray_.empty()) stray_ = argument;
    if (t.device().type() != kSim) return t;
    enter(t.device().index(), argument);
    check_dtypes(op_, t);
    auto host = twin(t);
    crossed_.push_back({t, host, host.storage().unsafeGetStorageImpl(), written});
    device_tensors_.push_back(t);
    return host;
  }

  c10::Storage in(const c10::Storage& storage) {
    if (device_ < 0) device_ = storage.device().index();
    auto host = twin_storage(storage);
    storages_.emplace_back(storage, host);
    return host;
  }

  c10::Device in(const c10::Device& device) {
    const int index = index_or_current(device);
    if (device_ < 0) device_ = index;
    return c10::Device(c10::kCPU);
  }

  // After all arguments are in: tensors on the host beside tensors on the device are the commonest porting bug.
  void check_strays() const {
    TORCH_CHECK(stray_.empty(), "Expected all tensors to be on the same device, but found at least two devices, ",
                device_name(), ":", device(), " and cpu! (when checking argument for argument ", stray_,
                " in method ", op_.name, ")");
  }

  // A written argument may have got another shape or storage on the host: its device tensor follows.
  void propagate() {
    for (auto& c : crossed_) {
      if (!c.written) continue;
      auto* device = c.device.unsafeGetTensorImpl();
      auto* host = c.host.unsafeGetTensorImpl();
      if (host->storage().unsafeGetStorageImpl() != c.storage_before)
        device->set_storage_keep_dtype(device_storage_of(host->storage()));
      else
        follow_resize(*device->storage().unsafeGetStorageImpl(), host->storage());
      if (device->sizes() != host->sizes() || device->strides() != host->strides() ||
          device->storage_offset() != host->storage_offset())
        device->set_sizes_and_strides(host->sizes(), host->strides(), host->storage_offset());
    }
  }

  // The same tensor comes back as the same tensor; a view comes back as a view of the same device storage.
  at::Tensor out(const at::Tensor& t) {
    if (!t.defined() || !t.device().is_cpu()) return t;
    for (auto& c : crossed_)
      if (c.host.unsafeGetTensorImpl() == t.unsafeGetTensorImpl()) return c.device;
    TORCH_CHECK_NOT_IMPLEMENTED(t.layout() == c10::kStrided && !t.is_quantized(), "[porter.sim] ", op_.name, ": ",
                                t.is_quantized() ? "quantised" : c10::str(t.layout()),
                                " tensors are not simulated on ", device_name());
    check_dtypes(op_, t);
    for (auto& c : crossed_)
      if (c10::InferenceMode::is_enabled() && !c.device.is_inference() &&
          c.storage_before == t.storage().unsafeGetStorageImpl())
        return view_of(c.device, t);
    return tensor_over(device_storage_of(t.storage()), kSimKey, t);
  }

 private:
  // In inference mode a view of a normal tensor is a normal tensor still: it has the keys of its base.
  static at::Tensor view_of(const at::Tensor& base, const at::Tensor& shape) {
    auto made = at::detail::make_tensor<c10::TensorImpl>(c10::TensorImpl::VIEW, c10::Storage(base.storage()),
                                                         base.key_set(), shape.dtype());
    made.unsafeGetTensorImpl()->set_sizes_and_strides(shape.sizes(), shape.strides(), shape.storage_offset());
    copy_flags(shape, made);
    return made;
  }

  struct Crossed {
    at::Tensor device, host;
    c10::StorageImpl* storage_before;
    bool written;
  };

  void enter(int index, const char* argument) {
    if (device_ < 0) device_ = index;
    TORCH_CHECK(device_ == index, "Expected all tensors to be on the same device, but found at least two devices, ",
                device_name(), ":", device_, " and ", device_name(), ":", index, "! (when checking argument for argument ",
                argument, " in method ", op_.name, ")");
  }

  bool allowed_on_host(const at::Tensor& t, bool written, const char* argument) const {
    const bool list = one_of(argument, {"indices", "input_lengths", "target_lengths"});
    return !written && ((op_.takes_host_scalar && t.dim() == 0) || (op_.takes_host_list && (list || t.dim() == 0)));
  }

  void follow_resize(c10::StorageImpl& device, const c10::Storage& host) {
    if (host.data() == device.data() && host.nbytes() == device.nbytes()) return;
    device.set_data_ptr_noswap(hold(host, this->device()));
    device.set_nbytes(host.nbytes());
  }

  c10::Storage device_storage_of(const c10::Storage& host) {
    for (auto& c : crossed_)
      if (c.storage_before == host.unsafeGetStorageImpl()) return c.device.storage();
    for (auto& s : storages_)
      if (s.second.unsafeGetStorageImpl() == host.unsafeGetStorageImpl()) return s.first;
    auto made = device_storage(host, device());
    storages_.emplace_back(made, host);
    return made;
  }

  Operator& op_;
  int device_ = -1;
  std::string stray_; // the first argument that lies on the CPU and must not
  c10::SmallVector<Crossed, 6> crossed_;
  c10::SmallVector<at::Tensor, 6> device_tensors_;
  c10::SmallVector<std::pair<c10::Storage, c10::Storage>, 1> storages_; // device, host
};

} // namespace portersim
