#pragma once
/// What PyTorch says of the network in tests/fixtures/networks.
#include <filesystem>
#include <fstream>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

namespace lafs::test {

struct SmallNetwork {
  explicit SmallNetwork(const std::filesystem::path& file) {
    std::ifstream in(file);
    const auto facts = nlohmann::json::parse(in);
    const auto shape = facts.at("shape").get<std::vector<int64_t>>();
    images = at::empty(shape, at::kFloat);
    auto* values = images.mutable_data_ptr<float>();
    for (int64_t i = 0; i < images.numel(); ++i) values[i] = static_cast<float>(static_cast<double>(i * 7919 % 1000) / 500 - 1);
    std::vector<at::Tensor> rows;
    for (const auto& row : facts.at("embeddings")) rows.push_back(torch::tensor(row.get<std::vector<float>>()));
    embeddings = at::stack(rows);
  }

  at::Tensor images, embeddings;
};

}  // namespace lafs::test
