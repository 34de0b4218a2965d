# Debian package paragraphs to NDJSON keyed by package. From the second round on, nine of ten appear, with a new
# revision: a value that differs from the last one's.
function escaped(text) {
  gsub(/\\/, "\\\\", text)
  gsub(/"/, "\\\"", text)
  gsub(/[\001-\037]/, " ", text)
  return text
}
function flush() {
  if (package != "" && !(package in seen)) {
    seen[package] = 1
    if (round == 1 || (++number % 10) != round) {
      printf "{\"key\": \"%s\", \"value\": {\"revision\": %d%s}}\n", escaped(package), round, fields
    }
  }
  package = ""
  fields = ""
}
BEGIN { split("Version Architecture Maintainer Installed-Size Section Priority Depends Filename Size SHA256 Homepage Description", names, " ")
  for (i in names) wanted[names[i]] = 1 }
/^Package: / { package = substr($0, 10); next }
/^[A-Za-z0-9-]+: / {
  name = substr($0, 1, index($0, ":") - 1)
  if (name in wanted) fields = fields ", \"" tolower(name) "\": \"" escaped(substr($0, length(name) + 3)) "\""
  next
}
/^$/ { flush() }
END { flush() }
