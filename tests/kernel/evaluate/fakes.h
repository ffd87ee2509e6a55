#pragma once
/// A source of small pictures made from their index, and a linear network over them.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "lafs/backbone.h"
#include "lafs/data_source.h"
#include "lafs/error.h"

namespace lafs::test {

class FakeSource final : public DataSource {
 public:
  explicit FakeSource(int64_t size, int64_t side = 8, std::string print = "fake")
      : size_(size), side_(side), print_(std::move(print)), decoded_(static_cast<size_t>(size)) {}

  int64_t size() const override { return size_; }
  int64_t identities() const override { return 1; }
  int64_t identity(int64_t) const override { return 0; }
  std::string key(int64_t index) const override { return fmt::format("face_{}.png", index); }
  std::optional<int64_t> find(const std::string& wanted) const override {
    for (int64_t i = 0; i < size_; ++i)
      if (key(i) == wanted) return i;
    return std::nullopt;
  }
  std::string fingerprint() const override { return print_; }

  Sample get(int64_t index) const override {
    ++decoded_[static_cast<size_t>(index)];
    if (index == broken) throw Error("the file ends early");
    if (index == named_broken) throw Error(fmt::format("{}: the file ends early", key(index)));
    const std::shared_ptr<uint8_t> bytes(new uint8_t[static_cast<size_t>(side_ * side_ * 3)], std::default_delete<uint8_t[]>());
    for (int64_t i = 0; i < side_ * side_ * 3; ++i) bytes.get()[i] = static_cast<uint8_t>((index * 37 + i * (index + 3)) % 251);
    Sample sample;
    sample.image = {side_, side_, bytes};
    sample.index = index;
    sample.key = key(index);
    return sample;
  }
  int64_t times_decoded(int64_t index) const { return decoded_[static_cast<size_t>(index)]; }

  int64_t broken = -1, named_broken = -1;

 private:
  int64_t size_, side_;
  std::string print_;
  mutable std::vector<std::atomic<int64_t>> decoded_;
};

/// [B,3,8,8] -> [B,5], and class tokens that are multiples of it.
class FakeBackbone final : public Backbone, public Attentive {
 public:
  std::shared_ptr<torch::nn::Module> module() override { return nullptr; }
  int64_t embed_dim() const override { return 5; }
  Tensor forward(const Tensor& images, const Pass& pass) override {
    if (pass.training || pass.draws || at::GradMode::is_enabled()) throw Error("not in evaluation mode");
    batches.push_back(images.size(0));
    return images.flatten(1).matmul(weight);
  }
  std::vector<Tensor> attention(const Tensor&) override { return {}; }
  Tensor class_tokens(const Tensor& images, int64_t last, bool mean_patch) override {
    const Tensor one = images.flatten(1).matmul(weight);
    std::vector<Tensor> blocks;
    for (int64_t b = 1; b <= last; ++b) blocks.push_back(one * b);
    if (mean_patch) blocks.push_back(one * -1);
    return at::stack(blocks, 1);
  }

  Tensor weight = at::arange(192 * 5).remainder(17).to(at::kFloat).sub(8).div(100).view({192, 5});
  std::vector<int64_t> batches;
};

/// A backbone without class tokens to show.
class PlainBackbone final : public Backbone {
 public:
  explicit PlainBackbone(std::function<Tensor(const Tensor&)> network) : network_(std::move(network)) {}
  std::shared_ptr<torch::nn::Module> module() override { return nullptr; }
  int64_t embed_dim() const override { return 5; }
  Tensor forward(const Tensor& images, const Pass&) override { return network_(images); }

 private:
  std::function<Tensor(const Tensor&)> network_;
};

}  // namespace lafs::test
