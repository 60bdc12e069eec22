# Writes n leads of about 1 KB, the same ones on every machine: awk -v n=200000 -f leads.awk
# Records as hs-tasks claim makes them; some with what enrich found. Every value that the rules read is missing, null, "" or odd in some of them.

# MINSTD (Park and Miller 1988): its products fit a double, so every awk gives the same numbers.
function below(m) { state = (state * 16807) % 2147483647; return state % m }
function pick(list, count) { return list[1 + below(count)] }

# A member: mostly the value, sometimes absent, null or empty.
function member(name, value, quoted,    r) {
	r = below(20)
	if (r == 0) return ""
	if (r == 1) return "\"" name "\":null,"
	if (r == 2) return "\"" name "\":\"\","
	return "\"" name "\":" (quoted ? "\"" value "\"" : value) ","
}

function size_of(    r) {
	r = below(8)
	if (r == 0) return 1 + below(99)
	if (r == 1) return 100 + below(900)
	if (r == 2) return 1000 + below(90000)
	if (r == 3) return substr("99 100 999 1000 0 1    ", 1 + 4 * below(4), 4) + 0
	return 5 + below(3000)
}

BEGIN {
	state = 20260105
	titles = split("CEO|Chief Revenue Officer|CTO & Co-Founder|Founder|VP Sales|Vice President, Marketing|Senior Vice-President|SVP Operations" \
		"|Director of Engineering|Managing Director|Head of Growth|Sales Manager|Team Lead Support|Account Executive|Software Engineer" \
		"|MVP Program Lead|Doctor|Directory Editor|Product manager|Gesch\303\244ftsf\303\274hrer \342\200\223 CFO|Buyer (\134\042interim\134\042)|head of people" \
		"|Office Administrator|Consultant|cto|Cofounder / COO|Chiefly Editor|Manager\134u0020IT|R\134u00e9dactrice", title, "|")
	industries = split("COMPUTER_SOFTWARE|Biotechnology|SaaS|FINANCIAL_SERVICES|Retail|Financial Technology|HOSPITAL_HEALTH_CARE|Construction|Fintech" \
		"|Finance|LOGISTICS_AND_SUPPLY_CHAIN|\303\226ffentlicher Dienst", industry, "|")
	firsts = split("Anna|Jos\303\251|Bj\303\266rn|Mary Jane|Li|Zo\303\253|Omar|\320\230\320\262\320\260\320\275|Kim|O\134\042Neil", first, "|")
	lasts = split("Schmidt|Garc\303\255a|Nguyen|de la Cruz|Smith|\303\205kesson|\351\210\264\346\234\250|Brown|M\303\274ller|Ivanova", last, "|")
	cities = split("Berlin|S\303\243o Paulo|New York|Z\303\274rich|Osaka|Leeds", city, "|")
	text = "Makes parts and services for customers in many countries, with a sales team that wants fewer lists and more talks; last seen at a fair in spring, next at one in the autumn, where it shows a new line. "
	for (i = 1; i <= n; i++) {
		f = pick(first, firsts); l = pick(last, lasts); company = "Company " below(5000) " GmbH"; id = 100000000 + i
		line = "{\"task\":{\"id\":\"" (900000000 + i) "\",\"properties\":{\"hs_task_subject\":\"Qualify Lead: " f " " l \
			"\",\"hs_task_status\":\"NOT_STARTED\",\"hs_timestamp\":\"2026-01-05T09:00:00Z\"}},"
		line = line "\"contact\":{\"id\":\"" id "\",\"properties\":{\"firstname\":\"" f "\",\"lastname\":\"" l "\","
		line = line member("email", "person" i "@company" below(5000) ".example", 1) member("jobtitle", pick(title, titles), 1)
		line = line member("phone", "+49 30 " (1000000 + below(8999999)), 1) "\"company\":\"" company "\","
		line = line member("numberofemployees", size_of(), below(3) > 0) member("industry", pick(industry, industries), 1)
		line = line member("hs_linkedin_url", "https://www.linkedin.com/in/person-" i, 1)
		line = line member("hs_analytics_num_visits", below(4), below(2)) member("hs_email_open", below(3), 1)
		line = line "\"city\":\"" pick(city, cities) "\",\"country\":\"DE\",\"lifecyclestage\":\"lead\",\"hs_email_optout\":\"false\"," \
			"\"hubspot_owner_id\":\"77\",\"createdate\":\"2025-11-0" (1 + below(9)) "T08:30:00.000Z\"}},"
		line = line "\"company\":{\"id\":\"" (500000 + below(5000)) "\",\"properties\":{\"name\":\"" company "\",\"domain\":\"company" below(5000) \
			".example\",\"description\":\"" substr(text, 1 + below(20)) "\"}}"
		if (below(5) == 0)
			line = line ",\"enrichment\":{\"facts\":{\"title\":{\"value\":\"" pick(title, titles) "\",\"source\":\"contact.jobtitle\"}," \
				"\"company_size\":{\"value\":\"" size_of() "\"},\"linkedin\":{\"value\":\"https://www.linkedin.com/in/p\"}}}"
		print line "}"
	}
}
