// The name of a kernel as people read it, with its template arguments and without namespaces:
// "causal_kernel<Bf16, 128, true>". The same name comes out of a symbol that was demangled.
#pragma once

#include <string>
#include <string_view>

namespace mobasim::kernels::cuda {

// "void a::(anonymous namespace)::f<a::b::C, 64>(a::P)" and "a::{anonymous}::f<a::b::C, 64>" are "f<C, 64>".
inline std::string short_kernel_name(std::string_view name) {
  std::string out;
  std::size_t word = 0;  // where the identifier that is being read begins in `out`
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i).starts_with("(anonymous namespace)::")) {
      i += std::string_view("(anonymous namespace)::").size() - 1;
      out.resize(word);
    } else if (name.substr(i).starts_with("::")) {  // what stood before was a namespace
      ++i;
      out.resize(word);
    } else if (name[i] == '(') {
      break;
    } else if (name[i] == ' ' && out.find('<') == std::string::npos) {  // "void "
      out.clear();
      word = 0;
    } else if (name[i] != '&') {
      out += name[i];
      if (name[i] == '<' || name[i] == ' ') word = out.size();
    }
  }
  return out;
}

}  // namespace mobasim::kernels::cuda
