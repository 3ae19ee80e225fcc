// libpqxx 6.4 loses the PGresult of a statement whose connection broke, two
// kilobytes each time; LeakSanitizer would blame the tests that break some.

#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6.4\n";
}
#endif
