// The nearest rows of a bank that is read from disk while it is searched, and what memory that takes:
//   ninja lafs_knn_stream && bin/lafs_knn_stream BANK.bin --rows 10000000 --width 128
// BANK.bin is written if it is not there: random rows in fp32. Each query is a row of the bank with noise, so the row it came from has to
// be its first neighbour; all neighbours of the first query are compared with those of a plain scan in fp64.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "formats/pread_file.h"
#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/nearest.h"

namespace {

using lafs::metrics::NearestRows;
using lafs::metrics::UnitRows;

struct Options {
  std::filesystem::path bank;
  int64_t rows = 10'000'000, width = 128, queries = 1000, k = 20;
};

void write_bank(const Options& options) {
  std::ofstream out(options.bank, std::ios::binary);
  std::minstd_rand random(1);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> block(static_cast<size_t>(options.width) * 1000);
  for (int64_t row = 0; row < options.rows; row += 1000) {
    for (float& number : block) number = value(random);
    out.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(block.size() * sizeof(float)));
  }
  if (!out) throw lafs::Error("cannot write \"" + options.bank.string() + "\"");
}

/// Queries and the rows they are near to.
std::pair<lafs::metrics::Rows, std::vector<int64_t>> queries_of(const Options& options, const UnitRows& bank) {
  lafs::metrics::Rows queries{{}, options.queries, options.width};
  std::vector<int64_t> from;
  std::mt19937_64 random(2);
  std::normal_distribution<double> noise(0, 0.02);
  queries.values.resize(static_cast<size_t>(options.queries * options.width));
  for (int64_t q = 0; q < options.queries; ++q) {
    from.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(options.rows)));
    double* row = queries.values.data() + q * options.width;
    bank.read(from.back(), 1, row);
    for (int64_t i = 0; i < options.width; ++i) row[i] += noise(random);
  }
  return {std::move(queries), std::move(from)};
}

/// The neighbours of one query by a plain scan.
std::vector<int64_t> scanned(const UnitRows& bank, const double* query, int64_t k) {
  std::vector<std::pair<double, int64_t>> found;
  std::vector<double> block(static_cast<size_t>(bank.width()) * 4096);
  for (int64_t first = 0; first < bank.rows(); first += 4096) {
    const int64_t count = std::min<int64_t>(4096, bank.rows() - first);
    bank.read(first, count, block.data());
    for (int64_t r = 0; r < count; ++r) {
      double product = 0;
      for (int64_t i = 0; i < bank.width(); ++i) product += query[i] * block[static_cast<size_t>(r * bank.width() + i)];
      found.emplace_back(-product, first + r);
    }
    const auto end = found.begin() + std::min<int64_t>(k, static_cast<int64_t>(found.size()));
    std::partial_sort(found.begin(), end, found.end());
    found.erase(end, found.end());
  }
  std::vector<int64_t> rows;
  for (const auto& [product, row] : found) rows.push_back(row);
  return rows;
}

void check(const NearestRows& found, const std::vector<int64_t>& from, const std::vector<int64_t>& first) {
  for (size_t q = 0; q < from.size(); ++q) {
    if (found.of(static_cast<int64_t>(q))[0].row != from[q]) throw lafs::Error(fmt::format("query {} does not find its own row", q));
  }
  for (size_t n = 0; n < first.size(); ++n) {
    if (found.of(0)[n].row != first[n]) throw lafs::Error(fmt::format("neighbour {} of the first query differs from the scan's", n));
  }
}

int64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6));
  }
  return 0;
}

void run(const Options& options) {
  if (!std::filesystem::exists(options.bank)) write_bank(options);
  const lafs::formats::PreadFile file(options.bank);
  const auto bytes_of_row = static_cast<size_t>(options.width) * sizeof(float);
  const UnitRows bank(options.rows, options.width, false, [&](int64_t first, int64_t count, float* to) {
    file.read(static_cast<uint64_t>(first) * bytes_of_row, {reinterpret_cast<uint8_t*>(to), static_cast<size_t>(count) * bytes_of_row});
  });
  const auto [queries, from] = queries_of(options, bank);
  const int64_t before = peak_kilobytes();
  const auto start = std::chrono::steady_clock::now();
  const NearestRows found = lafs::metrics::nearest_rows(queries, bank, options.k, lafs::hardware_threads());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const int64_t peak = peak_kilobytes();
  check(found, from, scanned(bank, queries.values.data(), options.k));
  fmt::print("{} queries in {} rows of {} from disk ({:.1f} GB): {:.1f} s, peak memory {:.0f} MB, {:.0f} MB before the search\n",
             options.queries, options.rows, options.width, static_cast<double>(options.rows) * static_cast<double>(bytes_of_row) / 1e9,
             seconds, static_cast<double>(peak) / 1024, static_cast<double>(before) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("nearest rows of a bank on disk");
  app.add_option("bank", options.bank, "file of the bank; written if it is not there")->required();
  app.add_option("--rows", options.rows, "rows of the bank")->check(CLI::Range(int64_t{1000}, int64_t{1'000'000'000}));
  app.add_option("--width", options.width, "numbers of a row")->check(CLI::Range(1, 4096));
  app.add_option("--queries", options.queries, "queries")->check(CLI::Range(1, 1'000'000));
  app.add_option("--k", options.k, "neighbours")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
