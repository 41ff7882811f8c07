// The simulated accelerator: which kernel answers which operator, and the controls that Python turns.
//
// One translation unit on purpose: reading torch's headers is most of the build, and is done once.
#include "collectives.h"
#include "hooks.h"
#include "kernels.h"
#include "sparse.h"
#include "streams.h"
#if TORCH_AT_LEAST(2, 5)
#include "attention.h"
#endif
#include "autocast.h"

using namespace portersim;

#if TORCH_AT_LEAST(2, 5)
namespace at::native {
#ifdef PORTERSIM_ON_CUDA
static const bool attention_is_chosen = (_fused_sdp_choice_stub.set_cuda_dispatch_ptr(&choose_attention), true);
#else
REGISTER_PRIVATEUSE1_DISPATCH(_fused_sdp_choice_stub, &choose_attention)
#endif
} // namespace at::native
#endif

TORCH_LIBRARY_IMPL(_, SIM_KEY, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&boxed_kernel>()); }

TORCH_LIBRARY_IMPL(aten, SIM_KEY, m) {
  m.impl("empty.memory_format", &portersim::empty);
  m.impl("empty_strided", &portersim::empty_strided);
  m.impl("_copy_from", &copy_from);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("record_stream", &portersim::record_stream);
  m.impl("_has_compatible_shallow_copy_type", &can_take_over);
  // These have no kernel of their own for CPU: torch would take them apart into what it has for each device. Not
  // convolution itself, which leads to _convolution: torch.jit.trace looks for that step.
  m.impl("_convolution", torch::CppFunction::makeFromBoxedFunction<&boxed_kernel>());
  m.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&boxed_kernel>());
#ifdef PORTERSIM_ON_CUDA
  m.impl("copy_", &copy_into);
  for (const char* library : {"_use_cudnn_ctc_loss", "_use_miopen_ctc_loss"}) {
    m.impl(library, &no_library_ctc);
    m.impl((std::string(library) + ".Tensor").c_str(), &no_library_ctc_tensor);
  }
  m.impl("_softmax", torch::CppFunction::makeFromBoxedFunction<&widening_softmax>());
  m.impl("_log_softmax", torch::CppFunction::makeFromBoxedFunction<&widening_softmax>());
  m.impl("_softmax_backward_data", torch::CppFunction::makeFromBoxedFunction<&widening_softmax_backward>());
  m.impl("_log_softmax_backward_data", torch::CppFunction::makeFromBoxedFunction<&widening_softmax_backward>());
#endif
#if !TORCH_AT_LEAST(2, 6)
  m.impl("is_pinned", &is_pinned_tensor);
  m.impl("_pin_memory", &pin_tensor);
#endif
#if TORCH_AT_LEAST(2, 5)
  m.impl("_fused_sdp_choice", &choose_attention);
  m.impl("_scaled_dot_product_fused_attention_overrideable", &attention);
  m.impl("_scaled_dot_product_fused_attention_overrideable_backward", &attention_backward);
#endif
}

TORCH_LIBRARY_IMPL(aten, SIM_AUTOGRAD_KEY, m) {
  m.impl("_has_compatible_shallow_copy_type", &can_take_over);
  m.impl("_thnn_fused_lstm_cell", &portersim::lstm_cell);
  m.impl("_thnn_fused_gru_cell", &portersim::gru_cell);
}

using Names = c10::List<std::string>;

static void add_names(std::unordered_set<std::string>& set, const Names& names) {
  std::lock_guard<std::mutex> guard(tables.lock);
  for (std::string name : names) set.insert(std::move(name));
  tables.version++;
}

SIM_DEFINE_LIBRARY(SIM_LIBRARY, m) {
  m.def("start(int devices, int memory, int thread_rule, str context_error) -> int",
        [](int64_t devices, int64_t memory, int64_t rule, std::string error) -> int64_t {
    TORCH_CHECK(devices >= 0 && devices <= kMaxDevices, "the number of simulated devices must be 0 to ", kMaxDevices);
    device_count = static_cast<int>(devices);
    capacity = memory;
    thread_rule = static_cast<ThreadRule>(rule);
    context_error = error;
    watch_forks();
    register_memory();
    return answer_all<&boxed_kernel>("aten", c10::DispatchKey::CPU, false);
  });
  m.def("answer_collectives() -> int", &answer_collectives);
  m.def("answer_sparse(bool known) -> ()", &answer_sparse);

  m.def("device_count() -> int", []() -> int64_t { return device_count; });
  m.def("current_device() -> int", []() -> int64_t { return current_device; });
  m.def("set_device(int index) -> ()", &set_device);
  m.def("exchange_device(int index) -> int", [](int64_t index) -> int64_t {
    const int before = current_device;
    if (index >= 0) set_device(index);
    return before;
  });
  m.def("current_stream(int device) -> int", [](int64_t d) -> int64_t { return current_streams[static_cast<int>(d)]; });
  m.def("set_stream(int device, int stream) -> ()", [](int64_t d, int64_t id) { current_streams[static_cast<int>(d)] = id; });
  m.def("is_initialized() -> bool", []() -> bool { return initialized; });
  m.def("in_bad_fork() -> bool", []() -> bool { return forked; });

  m.def("memory_used(int device) -> int", [](int64_t d) -> int64_t { return usage[d].now; });
  m.def("memory_peak(int device) -> int", [](int64_t d) -> int64_t { return usage[d].peak; });
  m.def("memory_allocations(int device) -> int", [](int64_t d) -> int64_t { return usage[d].allocations; });
  m.def("memory_capacity() -> int", []() -> int64_t { return capacity; });
  m.def("set_memory_capacity(int bytes) -> ()", [](int64_t bytes) { capacity = bytes; });
  m.def("reset_memory_peak(int device) -> ()", [](int64_t d) { usage[d].peak = usage[d].now.load(); });
  m.def("default_generator(int device) -> Generator?", [](int64_t d) { return default_generator(d); });

  m.def("allow_host_scalars(str[] operators) -> ()", [](Names names) { add_names(tables.host_scalar, names); });
  m.def("doubt_operators(str[] operators) -> ()", [](Names names) { add_names(tables.doubtful, names); });
  m.def("fall_back_operators(str[] operators) -> ()", [](Names names) { add_names(tables.on_host, names); });
  m.def("refuse_operator(str name, str reason) -> ()", [](std::string name, std::string reason) {
    std::lock_guard<std::mutex> guard(tables.lock);
    tables.refused[name] = reason;
    tables.version++;
  });
  m.def("rule_dtype(ScalarType dtype, int rule, str reason) -> ()", [](c10::ScalarType dtype, int64_t rule, std::string reason) {
    set_dtype_rule(dtype, static_cast<DtypeRule>(rule), reason);
  });

  m.def("set_witness(int function) -> ()", [](int64_t function) { witness = reinterpret_cast<Witness>(function); });
  m.def("trace(bool on) -> ()", [](bool on) { tracing = on; });
  m.def("watch_host(bool on) -> ()", &watch_host);
  m.def("own_work(bool begins) -> ()", [](bool begins) { host_depth += begins ? 1 : -1; });
  m.def("log(bool on) -> ()", [](bool on) { logging = on; });
  m.def("log_lines() -> str[]", []() {
    std::lock_guard<std::mutex> guard(record_lock);
    Names lines;
    for (const auto& line : ordered_log) lines.push_back(line);
    return lines;
  });
  m.def("count_wait(str what) -> ()", [](std::string what) { count_wait(what); });
  m.def("totals() -> str", &totals);
  m.def("reset_totals() -> ()", &reset_totals);

  m.def("resize_storage(Tensor t, int bytes) -> ()");
}

TORCH_LIBRARY_IMPL(SIM_LIBRARY, SIM_KEY, m) {
  m.impl("resize_storage", [](const at::Tensor& t, int64_t bytes) { resize_storage(t.storage(), bytes); });
}
