#include "kernel/results/published_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/recipe/layers.h"
#include "kernel/recipe/reader.h"

namespace lafs {

namespace {

struct PublishedOptions {
  OtherMethod method;
  OtherValue value;

  void declare(Params& p) {
    p("method", method.method, needed(), "what was trained, such as a loss");
    p("backbone", method.backbone, needed(), "network that was trained");
    p("training_set", method.training_set, needed(), "what it was trained on");
    p("evaluator", value.evaluator, "what the name of the evaluator begins with; empty: any that has the metric");
    p("metric", value.metric, needed(), "name of the metric, as the evaluator reports it");
    p("value", value.value, needed(), "the published number, in the unit of the metric");
    p("source", method.source, needed(), "where it is published");
  }
};

class PublishedReader {
 public:
  explicit PublishedReader(Document document) : document_(std::move(document)) {}

  std::vector<OtherMethod> read() {
    for (const Field& field : *document_.tree.fields()) {
      if (field.name != "published")
        document_.mistakes.error(field.value.key, fmt::format("a file of published values has no \"{}\": write [[published]]", field.name));
    }
    const Node* list = document_.tree.find("published");
    if (!list) document_.mistakes.error(document_.tree.position, "there is no published value: write [[published]]");
    if (list && !list->list())
      document_.mistakes.error(list->position, fmt::format("published is {}, not a list of tables: write [[published]]", type_word(*list)));
    for (size_t i = 0; list && list->list() && i < list->list()->size(); ++i) read_value((*list->list())[i]);
    document_.mistakes.throw_if_any();
    return std::move(methods_);
  }

 private:
  void read_value(const Node& table) {
    if (!table.fields())
      return document_.mistakes.error(table.position, fmt::format("an item of published is {}, not a table", type_word(table)));
    const Registry no_plugins;
    const ReadContext context{document_.mistakes, no_plugins, document_.roots, false, std::nullopt};
    Reader reader(context, &table, table.position, "[[published]]", "key");
    PublishedOptions options;
    options.declare(reader);
    reader.finish();
    options.value.position = table.position.text();
    add(std::move(options));
  }

  void add(PublishedOptions read) {
    auto known = std::find_if(methods_.begin(), methods_.end(), [&](const OtherMethod& method) {
      return method.name() == read.method.name() && method.source == read.method.source;
    });
    if (known == methods_.end()) known = methods_.insert(methods_.end(), std::move(read.method));
    known->values.push_back(std::move(read.value));
  }

  Document document_;
  std::vector<OtherMethod> methods_;
};

}  // namespace

std::string OtherMethod::name() const { return fmt::format("{}, {}, {}", method, backbone, training_set); }

std::vector<OtherMethod> read_published(const std::filesystem::path& file) { return PublishedReader(read_document(file)).read(); }

}  // namespace lafs
