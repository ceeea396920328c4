#pragma once

#include <span>
#include <string_view>

#include "field_reader.hpp"
#include "nakadachi/exchange/messages.hpp"
#include "nakadachi/v1/statements.pb.h"

namespace nakadachi::wire {

void put_subject(const exchange::Subject& subject, v1::Subject& to);
void read_subject(bool present, const v1::Subject& from, FieldReader& reader,
                  exchange::Subject& to);

/// Errors: `kWrongLength`, `kWrongFormat` (not UTF-8, or more than one line),
/// `kPersonalNumberPresent`; the field is "section".
Result<void> check_section(std::string_view section);

/// Errors: `kTooManyItems`, `kWrongFormat` (not ascending from 1); the field is "items".
Result<void> check_items(std::span<const std::uint16_t> items);

}  // namespace nakadachi::wire
