#include "nakadachi/wire/law.hpp"

namespace nakadachi::wire {

rules::Party party_of(const crypto::RegistryEntry& entry) noexcept {
  rules::Party party{.institution_class = rules::InstitutionClass{entry.institution_class},
                     .municipality = {}};
  if (const auto code = MunicipalityCode::from_number(entry.tenant.value)) {
    party.municipality = *code;
  }
  return party;
}

}  // namespace nakadachi::wire
