#pragma once
// The one place that knows two libpqxx: 6.4 (Debian 12) and 7.10 (Debian 13).
// Everything travels as text, so that both send the same bytes: a value is a
// std::string or NULL, whatever its SQL type, and a field is read by field_*.

#include <pqxx/pqxx>

#include <optional>
#include <string>
#include <vector>

namespace eventpulse::postgres::driver {

using values = std::vector<std::optional<std::string>>;

#if PQXX_VERSION_MAJOR >= 7

inline pqxx::params to_params(const values& all) {
  pqxx::params out;
  out.reserve(all.size());
  for (auto& value : all)
    if (value)
      out.append(pqxx::zview{*value});
    else
      out.append();
  return out;
}

inline pqxx::result run_prepared(pqxx::transaction_base& tx,
                                 const std::string& name, const values& all) {
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return tx.exec(pqxx::prepped{name}, to_params(all));
#else
  return tx.exec_prepared(name, to_params(all));
#endif
}

inline pqxx::result run_text(pqxx::transaction_base& tx, const std::string& sql,
                             const values& all) {
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return tx.exec(sql, to_params(all));
#else
  return tx.exec_params(sql, to_params(all));
#endif
}

#else

/// 6.4 takes a run-time number of parameters only as pointers, null for NULL.
inline std::vector<const char*> to_pointers(const values& all) {
  std::vector<const char*> out;
  out.reserve(all.size());
  for (auto& value : all)
    out.push_back(value ? value->c_str() : nullptr);
  return out;
}

inline pqxx::result run_prepared(pqxx::transaction_base& tx,
                                 const std::string& name, const values& all) {
  return tx.exec_prepared(name,
                          pqxx::prepare::make_dynamic_params(to_pointers(all)));
}

inline pqxx::result run_text(pqxx::transaction_base& tx, const std::string& sql,
                             const values& all) {
  return tx.exec_params(sql,
                        pqxx::prepare::make_dynamic_params(to_pointers(all)));
}

#endif

} // namespace eventpulse::postgres::driver
