#include "kernels/reference/keys.h"

#include <algorithm>

namespace mobasim::kernels {

std::vector<std::int64_t> attended_keys(const Problem& problem, const Selection& selection, std::int64_t begin,
                                        std::int64_t length, std::int64_t token, std::int64_t head) {
  std::vector<std::int64_t> keys;
  const auto add = [&keys](std::int64_t first, std::int64_t last) {
    for (std::int64_t key = first; key < last; ++key) keys.push_back(key);
  };
  switch (problem.mechanism) {
    case Mechanism::full:
      add(begin, token + 1);
      break;
    case Mechanism::sliding_window:
      add(std::max(begin, token - problem.window + 1), token + 1);
      break;
    case Mechanism::moba: {
      if (problem.top_k >= blocks_of(problem, length)) {  // every past block would be picked
        add(begin, token + 1);
        break;
      }
      const std::int64_t slots = slots_of(problem);
      for (std::int64_t s = 0; s < slots; ++s) {
        const std::int64_t block =
            selection.picks[static_cast<std::size_t>((token * problem.heads + head) * slots + s)];
        if (block >= 0) add(begin + block * problem.block, begin + (block + 1) * problem.block);
      }
      add(begin + (token - begin) / problem.block * problem.block, token + 1);
      break;
    }
  }
  return keys;
}

}  // namespace mobasim::kernels
