#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "nakadachi/symbol_mapping/person.hpp"

namespace nakadachi::symbols {

/// Of the folded text; equal texts have equal hashes, others nearly never.
std::uint64_t folded_hash(std::string_view text);

// Groups of two or more of `persons` (ascending by number), ascending by first member.

/// The same name, birth date and sex.
std::vector<std::vector<AddressNumber>> group_by_name(
    const std::vector<const PersonRecord*>& persons);
/// The same reading, birth date and sex.
std::vector<std::vector<AddressNumber>> group_by_kana(
    const std::vector<const PersonRecord*>& persons);
/// The same birth date and 住所, and a name or reading that differs by one character at most,
/// directly or through others of the group.
std::vector<std::vector<AddressNumber>> group_by_home(
    const std::vector<const PersonRecord*>& persons);

}  // namespace nakadachi::symbols
