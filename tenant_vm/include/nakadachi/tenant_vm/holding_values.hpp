#pragma once

#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/holding_seal.hpp"
#include "nakadachi/symbol_mapping/acquisition.hpp"
#include "nakadachi/symbol_mapping/address_book.hpp"

/// Keys and sealed values of holdings that symbol_mapping speaks of in clear.
/// Errors of every `seal_` and `_key`: `kKeyUnavailable`; of every `open_` besides:
/// `kSealBroken`, and those of the decoder.
namespace nakadachi::tenant_vm {

struct StoredSymbol {
  InstitutionCode institution;
  symbols::SymbolMap::Binding binding;
};
Result<HoldingKey> symbol_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                              const AddressNumber& person);
/// What stands for the symbol itself while a binding of it is on its way; never stored.
Result<HoldingKey> binding_name(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                                const Symbol& symbol);
Result<Bytes> seal_symbol(crypto::TenantCipher& cipher, const HoldingKey& key,
                          const StoredSymbol& symbol, Random& random);
Result<StoredSymbol> open_symbol(crypto::TenantCipher& cipher, const HoldingKey& key,
                                 ByteView sealed);

struct StoredAcquisition {
  InstitutionCode institution;
  symbols::PendingAcquisition acquisition;
};
Result<HoldingKey> acquisition_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                                   const AddressNumber& person);
Result<Bytes> seal_acquisition(crypto::TenantCipher& cipher, const HoldingKey& key,
                               const StoredAcquisition& acquisition, Random& random);
Result<StoredAcquisition> open_acquisition(crypto::TenantCipher& cipher, const HoldingKey& key,
                                           ByteView sealed);

/// 符号の取得の求め that this institution has sent and that is not settled: an
/// exchange::AcquisitionRequest, encoded. Only the provider can open what it says of the person.
struct StoredWish {
  InstitutionCode institution;
  Bytes statement;
};
Result<HoldingKey> wish_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                            const Digest& request_hash);
Result<Bytes> seal_wish(crypto::TenantCipher& cipher, const HoldingKey& key, const StoredWish& wish,
                        Random& random);
Result<StoredWish> open_wish(crypto::TenantCipher& cipher, const HoldingKey& key, ByteView sealed);

/// 統合宛名 is the whole body's, so its key is of no institution.
Result<HoldingKey> person_key(crypto::TenantCipher& cipher, const AddressNumber& person);
Result<Bytes> seal_person(crypto::TenantCipher& cipher, const HoldingKey& key,
                          const symbols::PersonRecord& person, Random& random);
Result<symbols::PersonRecord> open_person(crypto::TenantCipher& cipher, const HoldingKey& key,
                                          ByteView sealed);

}  // namespace nakadachi::tenant_vm
