#include "lafs/use.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;

namespace {

/// A kind of component that remembers what it was made with.
struct Toy {
  static constexpr std::string_view kind = "toy";
  using Factory = std::function<std::shared_ptr<Toy>(int)>;
  int number = 0;
};

/// What the reader puts into a use: here only a way to make the component.
class ToyOptions final : public Configured {
 public:
  explicit ToyOptions(Toy::Factory factory) : factory_(std::move(factory)) {}
  void declare(Params&) override {}
  std::unique_ptr<Configured> copy() const override { return std::make_unique<ToyOptions>(*this); }
  const void* factory() const override { return &factory_; }

 private:
  Toy::Factory factory_;
};

Use<Toy> use_of(Toy::Factory factory, const std::string& position = "") {
  Use<Toy> use("jack");
  use.options = std::make_shared<ToyOptions>(std::move(factory));
  use.position = position;
  return use;
}

std::shared_ptr<Toy> with_number(int number) { return std::make_shared<Toy>(Toy{number}); }

}  // namespace

TEST_CASE("use: every make gives a new instance from the arguments") {
  const Use<Toy> use = use_of(with_number);
  const auto first = use.make(4), second = use.make(5);
  CHECK(first != second);
  CHECK(first->number == 4);
  CHECK(second->number == 5);
}

TEST_CASE("use: a copy makes the same component") {
  const Use<Toy> use = use_of(with_number);
  const Use<Toy> copy = use;
  CHECK(copy.name == "jack");
  CHECK(copy.make(3)->number == 3);
}

TEST_CASE("use: what was not read from a recipe cannot be made") {
  CHECK(Use<Toy>().empty());
  CHECK_FALSE(Use<Toy>("jack").empty());
  CHECK(test::error_of([] { Use<Toy>().make(1); }) == "toy is not given");
  CHECK(test::error_of([] { Use<Toy>("jack").make(1); }) == "toy \"jack\" was not read from a recipe");
}

TEST_CASE("use: an error of the component gets its place, kind and name in front") {
  const Toy::Factory throws = [](int) -> std::shared_ptr<Toy> { throw Error("the spring is broken"); };
  CHECK(test::error_of([&] { use_of(throws).make(1); }) == "toy \"jack\": the spring is broken");
  CHECK(test::error_of([&] { use_of(throws, "r.toml:3:1").make(1); }) == "r.toml:3:1: error: toy \"jack\": the spring is broken");
  CHECK_THROWS_AS(use_of(throws, "r.toml:3:1").make(1), PlacedError);
  const Toy::Factory foreign = [](int) -> std::shared_ptr<Toy> { throw std::runtime_error("no memory"); };
  CHECK(test::error_of([&] { use_of(foreign).make(1); }) == "toy \"jack\": no memory");
}

TEST_CASE("use: an error that has its place already passes as it is") {
  const Toy::Factory throws = [](int) -> std::shared_ptr<Toy> { throw Error("the line is empty").at("list.txt:2"); };
  CHECK(test::error_of([&] { use_of(throws, "r.toml:3:1").make(1); }) == "list.txt:2: error: the line is empty");
}

TEST_CASE("use: a list grows item by item and knows its kind when it is empty") {
  std::vector<Use<Toy>> uses;
  UseListOf list(uses);
  CHECK(list.kind() == "toy");
  list.add().name = "jack";
  list.add().name = "jill";
  CHECK(list.size() == 2);
  CHECK(&list.at(1) == &uses[1]);
  CHECK(uses[1].name == "jill");
  list.clear();
  CHECK(uses.empty());
}
