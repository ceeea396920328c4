#pragma once

#include <optional>
#include <string>
#include <vector>

#include "field_reader.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/symbol_mapping/person.hpp"
#include "nakadachi/v1/admin.pb.h"

/// Parts that several messages of the admin door have in common.
namespace nakadachi::wire {

std::optional<AddressNumber> read_person_number(bool present, std::uint64_t from,
                                                std::string_view name, FieldReader& reader);

/// A text about a person; its type knows the name of the field.
template <class Text>
std::optional<Text> read_text(const std::string& from, FieldReader& reader) {
  auto made = Text::parse(from);
  if (made) return *std::move(made);
  reader.fail(made.error());
  return std::nullopt;
}

/// YYYY-MM-DD.
std::string text_of(const symbols::BirthDate& date);

void put_four_items(const symbols::FourItems& from, v1::PersonItems& to);
void put_items(const symbols::PersonItems& from, v1::PersonItems& to);
std::optional<symbols::PersonItems> read_items(bool present, const v1::PersonItems& from,
                                               FieldReader& reader);

using BusinessNumbers = google::protobuf::RepeatedPtrField<v1::BusinessNumber>;
void put_business(const symbols::BusinessNumber& from, v1::BusinessNumber& to);
std::optional<symbols::BusinessNumber> read_business(const v1::BusinessNumber& from,
                                                     FieldReader& reader);
std::vector<symbols::BusinessNumber> read_business_numbers(const BusinessNumbers& from,
                                                           FieldReader& reader);

void put_flag(const copies::Flag& from, v1::Flag& to);
void read_flag(const v1::Flag& from, FieldReader& reader, copies::Flag& to);

}  // namespace nakadachi::wire
