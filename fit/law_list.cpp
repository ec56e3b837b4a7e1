#include "fit/law_list.h"

#include "fit/loss_law.h"
#include "sim/base/text.h"

namespace mobasim {

Table law_list() {
  Table table{{"law", "parameters"}, {}};
  for (const std::string& name : law_names()) {
    table.rows.push_back({name, joined(parameter_names(law_named(name)), " ")});
  }
  return table;
}

}  // namespace mobasim
