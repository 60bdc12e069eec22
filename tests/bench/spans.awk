# Writes n spans, trace(5), the same ones on every machine: awk -v n=1000000 -f spans.awk
function below(m) { state = (state * 16807) % 2147483647; return state % m }

BEGIN {
	state = 20260105
	ops = split("crm.search crm.batch_read crm.batch_update web.fetch web.robots mail.write qualify.run", op, " ")
	for (i = 0; i < n; i++) {
		ms = (1 + below(1000)) * (1 + below(100)) / 100
		printf "{\"ts\":\"2026-01-05T%02d:%02d:%02d.%03dZ\",\"tool\":\"enrich\",\"op\":\"%s\",\"ms\":%.2f,\"wait_ms\":0,\"status\":\"%s\",\"task\":\"%d\"}\n",
			9 + int(i / 3600000) % 14, int(i / 60000) % 60, int(i / 1000) % 60, i % 1000, op[1 + below(ops)], ms,
			below(50) ? "ok" : "error", 900000000 + i
	}
}
