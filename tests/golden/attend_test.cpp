// mobasim attend as it is run: values against attention computed here once more, and every kind of bad input.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::attend_test {
namespace {

struct Tensor {
  std::vector<int> shape;
  std::vector<float> values;
};

std::string npy(const Tensor& tensor, const std::string& dtype = "<f4", const std::string& fortran = "False",
                int major = 1) {
  std::string shape;
  for (const int size : tensor.shape) shape += std::to_string(size) + ", ";
  std::string header = "{'descr': '" + dtype + "', 'fortran_order': " + fortran + ", 'shape': (" + shape + "), }\n";
  std::string content = "\x93NUMPY";
  content += static_cast<char>(major);
  content += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) content += static_cast<char>(header.size() >> (8 * i) & 0xff);
  content += header;
  content.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * 4);
  return content;
}

std::vector<float> values_of(const std::filesystem::path& file, const std::string& shape) {
  const std::string content = file_content(file);
  INFO(file.string());
  REQUIRE(content.size() >= 10);
  const std::size_t header = static_cast<unsigned char>(content[8]) + 256u * static_cast<unsigned char>(content[9]);
  REQUIRE((10 + header) % 64 == 0);
  CHECK(content.substr(10, header).starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }"));
  std::vector<float> values((content.size() - 10 - header) / 4);
  if (!values.empty()) std::memcpy(values.data(), content.data() + 10 + header, values.size() * 4);
  return values;
}

// Multiples of 1/8 below 2: exact in every dtype.
Tensor pattern(std::vector<int> shape, unsigned seed) {
  Tensor tensor{std::move(shape), {}};
  std::size_t size = 1;
  for (const int length : tensor.shape) size *= static_cast<std::size_t>(length);
  for (std::size_t i = 0; i < size; ++i) {
    seed = seed * 1664525u + 1013904223u;
    tensor.values.push_back(static_cast<float>(static_cast<int>(seed >> 27) - 16) / 8);
  }
  return tensor;
}

double to_bf16(double value) {
  float number = static_cast<float>(value);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &number, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  std::memcpy(&number, &bits, 4);
  return number;
}

struct Shape {
  int heads, kv_heads, dim, block, top_k;  // block 0: full attention
  std::vector<int> cu_seqlens;
};

struct Answer {
  std::vector<double> o, lse, dq, dk, dv;
};

// Whether token t of a sequence attends to key j of it, by the scores of the gate.
std::vector<bool> attended(const Shape& s, const Tensor& q, const Tensor& k, int begin, int t, int head) {
  std::vector<bool> keys(static_cast<std::size_t>(t) + 1, s.block == 0);
  if (s.block == 0) return keys;
  const int own = t / s.block;
  std::vector<double> scores;
  for (int b = 0; b < own; ++b) {
    double score = 0;
    for (int c = 0; c < s.dim; ++c) {
      double mean = 0;
      for (int j = b * s.block; j < (b + 1) * s.block; ++j) {
        mean +=
            k.values[static_cast<std::size_t>(((begin + j) * s.kv_heads + head / (s.heads / s.kv_heads)) * s.dim + c)];
      }
      score += to_bf16(mean / s.block) * q.values[static_cast<std::size_t>(((begin + t) * s.heads + head) * s.dim + c)];
    }
    scores.push_back(score);
  }
  std::vector<bool> chosen(static_cast<std::size_t>(own) + 1, false);
  chosen[static_cast<std::size_t>(own)] = true;
  for (int pick = 1; pick < s.top_k && pick <= own; ++pick) {
    int best = -1;
    for (int b = 0; b < own; ++b) {
      const std::size_t at = static_cast<std::size_t>(b);
      if (!chosen[at] && (best < 0 || scores[at] > scores[static_cast<std::size_t>(best)])) best = b;
    }
    chosen[static_cast<std::size_t>(best)] = true;
  }
  for (int j = 0; j <= t; ++j) keys[static_cast<std::size_t>(j)] = chosen[static_cast<std::size_t>(j / s.block)];
  return keys;
}

Answer answer(const Shape& s, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& d_o) {
  Answer out;
  out.o.assign(q.values.size(), 0);
  out.dq = out.o;
  out.lse.assign(q.values.size() / static_cast<std::size_t>(s.dim), 0);
  out.dk.assign(k.values.size(), 0);
  out.dv = out.dk;
  const auto dot = [&s](const float* a, const float* b) {
    double sum = 0;
    for (int c = 0; c < s.dim; ++c) sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
    return sum;
  };
  const double scale = 1 / std::sqrt(s.dim);
  for (std::size_t i = 0; i + 1 < s.cu_seqlens.size(); ++i) {
    for (int t = s.cu_seqlens[i]; t < s.cu_seqlens[i + 1]; ++t) {
      for (int head = 0; head < s.heads; ++head) {
        const std::vector<bool> sees = attended(s, q, k, s.cu_seqlens[i], t - s.cu_seqlens[i], head);
        const std::size_t row = static_cast<std::size_t>(t * s.heads + head),
                          at = row * static_cast<std::size_t>(s.dim);
        const auto key_at = [&](int j) {
          return static_cast<std::size_t>((j * s.kv_heads + head / (s.heads / s.kv_heads)) * s.dim);
        };
        double sum = 0, delta = 0;
        for (int j = s.cu_seqlens[i]; j <= t; ++j) {
          if (!sees[static_cast<std::size_t>(j - s.cu_seqlens[i])]) continue;
          const double e = std::exp(scale * dot(&q.values[at], &k.values[key_at(j)]));
          sum += e;
          for (std::size_t c = 0; c < static_cast<std::size_t>(s.dim); ++c)
            out.o[at + c] += e * v.values[key_at(j) + c];
        }
        out.lse[row] = std::log(sum);
        for (std::size_t c = 0; c < static_cast<std::size_t>(s.dim); ++c) {
          out.o[at + c] /= sum;
          delta += out.o[at + c] * d_o.values[at + c];
        }
        for (int j = s.cu_seqlens[i]; j <= t; ++j) {
          if (!sees[static_cast<std::size_t>(j - s.cu_seqlens[i])]) continue;
          const std::size_t key = key_at(j);
          const double p = std::exp(scale * dot(&q.values[at], &k.values[key])) / sum;
          const double ds = p * (dot(&d_o.values[at], &v.values[key]) - delta) * scale;
          for (std::size_t c = 0; c < static_cast<std::size_t>(s.dim); ++c) {
            out.dv[key + c] += p * d_o.values[at + c];
            out.dk[key + c] += ds * q.values[at + c];
            out.dq[at + c] += ds * k.values[key + c];
          }
        }
      }
    }
  }
  return out;
}

double worst(const std::vector<float>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(static_cast<double>(got[i]) - expected[i]) / (1 + std::abs(expected[i]));
    largest = error <= largest ? largest : error;  // NaN is the worst
  }
  return largest;
}

struct Files {
  ScratchFolder folder;
  Shape shape;
  Tensor q, k, v, d_o;

  explicit Files(Shape s) : shape(std::move(s)) {
    const int tokens = shape.cu_seqlens.back();
    q = pattern({tokens, shape.heads, shape.dim}, 1);
    k = pattern({tokens, shape.kv_heads, shape.dim}, 2);
    v = pattern({tokens, shape.kv_heads, shape.dim}, 3);
    d_o = pattern({tokens, shape.heads, shape.dim}, 4);
    put_file(folder / "q.npy", npy(q));
    put_file(folder / "k.npy", npy(k, "<f4", "False", 2));
    put_file(folder / "v.npy", npy(v, "<f4", "False", 3));
    put_file(folder / "do.npy", npy(d_o));
    std::string text;
    for (const int at : shape.cu_seqlens) text += std::to_string(at) + "\n";
    put_file(folder / "seqlens", text);
  }

  [[nodiscard]] Outcome run(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"attend", "--q", "q.npy", "--k", "k.npy", "--v", "v.npy", "-o", "out"};
    if (shape.block > 0) {
      const std::vector<std::string> moba = {
          "--mechanism", "moba", "--block", std::to_string(shape.block), "--top-k", std::to_string(shape.top_k)};
      arguments.insert(arguments.end(), moba.begin(), moba.end());
    } else {
      arguments.insert(arguments.end(), {"--mechanism", "full"});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return outcome_of_program(arguments, folder.path());
  }
};

TEST_CASE("attend's values are those of attention written down once more") {
  const std::vector<Shape> shapes = {{2, 1, 8, 0, 0, {0, 5, 5, 23}}, {4, 2, 16, 8, 3, {0, 41, 50}}};
  for (const Shape& shape : shapes) {
    const Files files(shape);
    const Answer right = answer(shape, files.q, files.k, files.v, files.d_o);
    const int tokens = shape.cu_seqlens.back();
    const auto text = [&](int heads) {
      return "(" + std::to_string(tokens) + ", " + std::to_string(heads) + ", " + std::to_string(shape.dim) + ")";
    };
    struct Way {
      std::string backend, dtype;
      double limit;
    };
    // The tensors are exact in bf16; the CPU kernels for bf16 round weights and results to it.
    for (const auto& [backend, dtype, limit] :
         {Way{"reference", "bf16", 1e-7}, Way{"cpu", "f32", 1e-5}, Way{"cpu", "bf16", 0.03}}) {
      std::filesystem::remove_all(files.folder / "out");
      const Outcome outcome =
          files.run({"--backend", backend, "--dtype", dtype, "--cu-seqlens", "seqlens", "--grad-output", "do.npy"});
      INFO(backend << ", " << dtype << ", block " << shape.block << ": " << outcome.err);
      REQUIRE(outcome.exit_code == 0);
      CHECK(worst(values_of(files.folder / "out/o.npy", text(shape.heads)), right.o) < limit);
      CHECK(worst(values_of(files.folder / "out/dq.npy", text(shape.heads)), right.dq) < limit);
      CHECK(worst(values_of(files.folder / "out/dk.npy", text(shape.kv_heads)), right.dk) < limit);
      CHECK(worst(values_of(files.folder / "out/dv.npy", text(shape.kv_heads)), right.dv) < limit);
      const std::string rows = "(" + std::to_string(tokens) + ", " + std::to_string(shape.heads) + ")";
      CHECK(worst(values_of(files.folder / "out/lse.npy", rows), right.lse) < limit);
    }
  }
}

TEST_CASE("attend on the executor gives attention's values, as bf16 has them") {
  const Shape shape{2, 1, 64, 64, 2, {0, 150, 200}};
  const Files files(shape);
  const Answer right = answer(shape, files.q, files.k, files.v, files.d_o);
  const Outcome outcome = files.run({"--backend", "simt", "--cu-seqlens", "seqlens", "--grad-output", "do.npy"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(worst(values_of(files.folder / "out/o.npy", "(200, 2, 64)"), right.o) < 0.01);
  CHECK(worst(values_of(files.folder / "out/lse.npy", "(200, 2)"), right.lse) < 1e-5);
  CHECK(worst(values_of(files.folder / "out/dq.npy", "(200, 2, 64)"), right.dq) < 0.03);
  CHECK(worst(values_of(files.folder / "out/dk.npy", "(200, 1, 64)"), right.dk) < 0.03);
  CHECK(worst(values_of(files.folder / "out/dv.npy", "(200, 1, 64)"), right.dv) < 0.03);
}

TEST_CASE("attend says what the CUDA kernels do not do, with 4, and writes nothing") {
  const auto refused = [](const Files& files, const std::vector<std::string>& more, const std::string& message) {
    const Outcome outcome = files.run(more);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 4);
    CHECK(outcome.err.find(message) != std::string::npos);
    CHECK(!std::filesystem::exists(files.folder / "out"));
  };
  refused(Files({1, 1, 64, 0, 0, {0, 9}}), {"--backend", "simt", "--dtype", "f32"}, "bf16 and fp16, not f32");
  refused(Files({1, 1, 8, 0, 0, {0, 9}}), {"--backend", "simt"}, "head_dim is 8; they do 64 and 128");
  refused(Files({1, 1, 64, 32, 2, {0, 9}}), {"--backend", "simt"}, "block is 32; they do multiples of 64");
}

TEST_CASE("without a GPU --backend cuda ends with 3 and says what to do") {
  const Files files({1, 1, 64, 0, 0, {0, 9}});
  const Outcome outcome = files.run({"--backend", "cuda"});
  if (outcome.exit_code == 0) MOBASIM_SKIP("there is a GPU");
  INFO(outcome.err);
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.err.find("--backend simt runs the same kernels") != std::string::npos);
  CHECK(!std::filesystem::exists(files.folder / "out"));
}

TEST_CASE("attend rounds its inputs to the dtype, and writes no gradients that nobody asked for") {
  Files files({1, 1, 8, 0, 0, {0, 1}});  // of one token, o is v
  files.v.values.assign(8, 1.0f + 1.0f / 1024);
  put_file(files.folder / "v.npy", npy(files.v));
  const auto first = [&](const std::string& dtype) {
    const Outcome outcome = files.run({"--dtype", dtype});
    REQUIRE(outcome.exit_code == 0);
    return values_of(files.folder / "out/o.npy", "(1, 1, 8)")[0];
  };
  CHECK(first("bf16") == 1.0f);
  CHECK(first("fp16") == files.v.values[0]);
  CHECK(first("f32") == files.v.values[0]);
  CHECK(std::filesystem::exists(files.folder / "out/lse.npy"));
  CHECK(!std::filesystem::exists(files.folder / "out/dq.npy"));
}

TEST_CASE("attend takes no tokens, and NaN, without complaint") {
  CHECK(Files({2, 1, 8, 4, 2, {0, 0}}).run({"--grad-output", "do.npy"}).exit_code == 0);
  Files files({1, 1, 8, 2, 2, {0, 9}});
  files.k.values[30] = std::numeric_limits<float>::quiet_NaN();
  put_file(files.folder / "k.npy", npy(files.k));
  CHECK(files.run({}).exit_code == 0);
}

struct Wrong {
  std::string file, content, message;
};

TEST_CASE("attend refuses a bad file with 2 and one message that names it, and writes nothing") {
  const Shape shape{2, 1, 8, 4, 2, {0, 12}};
  const Tensor k = pattern({12, 1, 8}, 2);
  const std::string whole = npy(k);
  const std::vector<Wrong> wrongs = {
      {"k.npy", npy(k, "<f8"), "its dtype is '<f8'; float32 ('<f4') is wanted"},
      {"k.npy", npy(k, ">f4"), "big endian"},
      {"k.npy", npy(k, "<f4", "True"), "Fortran order"},
      {"k.npy", npy(k, "<f4", "False", 4), "version is 4"},
      {"k.npy", whole.substr(0, whole.size() - 1), "cut short"},
      {"k.npy", whole.substr(0, 40), "cut short"},
      {"k.npy", whole.substr(0, 7), "cut short"},
      {"k.npy", whole + "x", "too long"},
      {"k.npy", "", "no .npy file"},
      {"k.npy", "1 2 3\n", "no .npy file"},
      {"k.npy", npy({{12, 8}, std::vector<float>(96)}), "its shape (12, 8) has 2 dimensions"},
      {"k.npy", npy(pattern({11, 1, 8}, 2)), "q of shape (12, 2, 8) needs (12, 1, 8)"},
      {"v.npy", npy(pattern({12, 2, 8}, 2)), "k of shape (12, 1, 8) needs (12, 1, 8)"},
      {"do.npy", npy(k), "q of shape (12, 2, 8) needs (12, 2, 8)"},
      {"k.npy", npy({{1 << 30, 1 << 30, 1 << 30}, {}}), "cut short"},
      {"seqlens", "0 5 x 12", "'x' is no integer"},
      {"seqlens", "0 7 5 12", "5 follows 7"},
      {"seqlens", "1 12", "must begin with 0"},
      {"seqlens", "0 11", "ends with 11"},
      {"seqlens", "0 99999999999999999999", "is no integer"},
      {"seqlens", "", "it is empty"},
  };
  for (const Wrong& wrong : wrongs) {
    const Files files(shape);
    put_file(files.folder / wrong.file, wrong.content);
    const Outcome outcome = files.run({"--cu-seqlens", "seqlens", "--grad-output", "do.npy"});
    INFO(wrong.file << ", " << wrong.message << ": " << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err.find("mobasim: " + wrong.file + ": ") == 0);
    CHECK(outcome.err.find(wrong.message) != std::string::npos);
    CHECK(!std::filesystem::exists(files.folder / "out"));
  }
}

TEST_CASE("attend refuses a bad command line with 2, and writes nothing") {
  const Files full({2, 1, 8, 0, 0, {0, 12}});
  const auto refused = [&](const std::vector<std::string>& more, const std::string& message) {
    const Outcome outcome = full.run(more);
    INFO(message << ": " << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err.find(message) != std::string::npos);
    CHECK(!std::filesystem::exists(full.folder / "out"));
  };
  refused({"--block", "4", "--top-k", "2"}, "belong to --mechanism moba");
  refused({"--backend", "gpu"}, "there is no backend 'gpu'");
  refused({"--dtype", "f64"}, "there is no dtype 'f64'");
  refused({"--cu-seqlens", "none"}, "none: there is no such file");
  refused({"--grad-output", "none.npy"}, "none.npy: there is no such file");
  const auto wrong_moba = [&](const std::vector<std::string>& more, const std::string& message) {
    std::vector<std::string> arguments = {"attend", "--q", "q.npy", "--k", "k.npy", "--v", "v.npy", "-o", "out"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = outcome_of_program(arguments, full.folder.path());
    INFO(message << ": " << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err.find(message) != std::string::npos);
    CHECK(!std::filesystem::exists(full.folder / "out"));
  };
  wrong_moba({"--mechanism", "moba", "--block", "4"}, "needs --block and --top-k");
  wrong_moba({"--mechanism", "moba", "--block", "0", "--top-k", "2"}, "block is 0");
  wrong_moba({"--mechanism", "moba", "--block", "4", "--top-k", "100000000"}, "give at most 12");
  wrong_moba({"--mechanism", "mobe", "--block", "4", "--top-k", "2"}, "did you mean 'moba'");
  wrong_moba({}, "--mechanism");
  const Files three({3, 2, 8, 0, 0, {0, 12}});
  CHECK(three.run({}).err.find("heads (3) is no multiple of kv_heads (2)") != std::string::npos);
}

TEST_CASE("attend that cannot write leaves nothing behind") {
  const Files files({2, 1, 8, 0, 0, {0, 12}});
  std::filesystem::create_directories(files.folder / "out/lse.npy");
  const Outcome outcome = files.run({});
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.err.find("lse.npy") != std::string::npos);
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(files.folder / "out")) ++entries;
  CHECK(entries == 1);
}

}  // namespace
}  // namespace mobasim::tests::attend_test
