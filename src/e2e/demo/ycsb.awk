# Records as YCSB's core workloads have them: ten fields of 100 characters. From the second round on, nine of ten.
BEGIN {
  records = 30000
  letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
  srand(round)
  for (record = 0; record < records; record++) {
    if (round > 1 && record % 10 == round) continue
    printf "{\"key\": \"user%d\", \"value\": {\"revision\": %d", record, round
    for (field = 0; field < 10; field++) {
      text = ""
      for (i = 0; i < 25; i++) { piece = substr(letters, int(rand() * 59) + 1, 4); text = text piece }
      printf ", \"field%d\": \"%s\"", field, text
    }
    print "}}"
  }
}
