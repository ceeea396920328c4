#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/socket/access_table.hpp"

/// What a town and the reference national system hand each other when the town
/// joins: tab-separated files, one row a line.
namespace nakadachi::apps {

/// Institutions with their public keys, from the town to the national system.
/// code, tenant, class, name, signing key, sealing key (hexadecimal).
std::string write_institutions(const std::vector<crypto::RegistryEntry>& entries);
/// Errors: `kFileProblem`, `kConfigInvalid`.
Result<std::vector<crypto::RegistryEntry>> read_institutions(const std::string& path);

/// A simulated person whom an institution knows: what the town's resident system
/// tells 機構, outside of Nakadachi. institution, 個人番号.
struct KnownPerson {
  InstitutionCode institution;
  std::uint64_t personal_number = 0;
};
std::string write_known_persons(const std::vector<KnownPerson>& persons);
Result<std::vector<KnownPerson>> read_known_persons(const std::string& path);

/// A symbol issued beforehand. institution, 個人番号, symbol (hexadecimal).
struct IssuedSymbol {
  InstitutionCode institution;
  std::uint64_t personal_number = 0;
  Symbol symbol;
};
std::string write_issued_symbols(const std::vector<IssuedSymbol>& symbols);
Result<std::vector<IssuedSymbol>> read_issued_symbols(const std::string& path);

/// One who is handed over to 機構. institution, 取得番号, 個人番号.
struct HandOverRow {
  InstitutionCode institution;
  std::uint64_t acquisition_number = 0;
  std::uint64_t personal_number = 0;
};
std::string write_hand_overs(const std::vector<HandOverRow>& rows);

/// A business system, or one of its two keys while they change. number, institution, CURVE
/// public key (Z85), affairs it may ask in (commas), kinds it answers itself (commas, - for
/// none); and, if wanted, from when and until when the key is good (see `parse_key_time`) and
/// where in the network it is, as a selector of the model; - for anything of these.
struct BusinessSystem {
  std::uint32_t number = 0;
  InstitutionCode institution;
  socket::CurvePublicKey key;
  std::vector<AffairCode> affairs;
  std::vector<InformationKind> answers;
  socket::KeyTime time = {};
  std::string place = {};  ///< empty: wherever the door may be reached from
};
std::string write_systems(const std::vector<BusinessSystem>& systems);
/// Errors: `kFileProblem`; `kConfigInvalid` with line and field, also for a third row of one
/// number, for two rows of it that differ in anything but key, times and place, and for a key
/// that stands twice.
Result<std::vector<BusinessSystem>> read_systems(const std::string& path);

/// Who speaks at the admin door. number, institution (- for an operator), CURVE public
/// key (Z85), rights (change, decide; with commas, - for none); and times and place of the
/// key, as of a system.
struct StaffRow {
  std::uint32_t number = 0;
  std::optional<InstitutionCode> institution;
  socket::CurvePublicKey key;
  bool may_change = false;
  bool may_decide = false;
  socket::KeyTime time = {};
  std::string place = {};  ///< empty: wherever the door may be reached from
};
std::string write_staff(const std::vector<StaffRow>& staff);
/// Errors: as `read_systems`.
Result<std::vector<StaffRow>> read_staff(const std::string& path);

/// A node at a gateway's door, or one of its two keys while they change. number, CURVE public
/// key (Z85); and times and place of the key, as of a system.
struct NodeRow {
  std::uint32_t number = 0;
  socket::CurvePublicKey key;
  socket::KeyTime time = {};
  std::string place = {};  ///< empty: wherever the door may be reached from
};
std::string write_nodes(const std::vector<NodeRow>& nodes);
/// Errors: as `read_systems`.
Result<std::vector<NodeRow>> read_nodes(const std::string& path);

/// When a key is good, by the clocks of Japan: days as in 2027-03-31, of which both ends
/// belong to it, or minutes as in 2027-03-31T18:00, the last of which does not; - leaves an
/// end open. Errors: `kWrongFormat`, field "from" or "until" (also when it has no time at all).
Result<socket::KeyTime> parse_key_time(std::string_view from, std::string_view until);

}  // namespace nakadachi::apps
