#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "field_reader.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/v1/link.pb.h"

/// What proves statements, as it stands in frames of the link and of business systems.
namespace nakadachi::wire {

void put(const crypto::BatchHeader& from, v1::BatchHeader& to);
void read(const v1::BatchHeader& from, FieldReader& reader, crypto::BatchHeader& to);

void put(const crypto::Delegation& from, v1::Delegation& to);
void read(const v1::Delegation& from, FieldReader& reader, crypto::Delegation& to);

/// Hashes one after another.
void put_digests(std::span<const Digest> from, std::string& to);
/// At most `most` of them; the field must be there.
void read_digests(bool present, const std::string& from, std::string_view name, std::size_t most,
                  FieldReader& reader, std::vector<Digest>& to);

}  // namespace nakadachi::wire
