#include "title.h"

/* A phrase in lower case without accents. A star at an end lets more letters stand there: "*leiter" is also Vertriebsleiter. */
struct phrase {
	const char *text;
	const char *means;
};

/* The first that occurs counts, so what takes a word's weight away ("assistant to", "product owner") stands before it. */
static const struct phrase seniorities[] = {
	{ "former", NULL },
	{ "formerly", NULL },
	{ "ex", NULL },
	{ "retired", NULL },
	{ "ehemalig*", NULL },
	{ "ancien", NULL },
	{ "assistant vice president", "director" },
	{ "assistant director", "manager" },
	{ "assistant manager", "manager" },
	{ "assistant general manager", "manager" },
	{ "assistant*", "individual" },
	{ "assistent*", "individual" },
	{ "asistente", "individual" },
	{ "*assistenz", "individual" },
	{ "secretary", "individual" },
	{ "secretaire", "individual" },
	{ "secretaria", "individual" },
	{ "sekretar*", "individual" },
	{ "intern", "individual" },
	{ "internship", "individual" },
	{ "trainee", "individual" },
	{ "apprentice", "individual" },
	{ "student", "individual" },
	{ "praktikant*", "individual" },
	{ "werkstudent*", "individual" },
	{ "auszubildende*", "individual" },
	{ "stagiair*", "individual" },
	{ "alternant*", "individual" },
	{ "becario", "individual" },
	{ "becaria", "individual" },
	{ "product owner", "individual" },
	{ "process owner", "individual" },
	{ "account manager", "individual" },
	{ "account executive", "individual" },
	{ "sales executive", "individual" },
	{ "community manager", "individual" },
	{ "social media manager", "individual" },
	{ "office manager", "individual" },
	{ "partner manager", "manager" },
	{ "chief of staff", "director" },
	{ "vice president", "vp" },
	{ "vice presidente", "vp" },
	{ "vice presidenta", "vp" },
	{ "vicepresident*", "vp" },
	{ "vizeprasident*", "vp" },
	{ "vp", "vp" },
	{ "svp", "vp" },
	{ "evp", "vp" },
	{ "avp", "vp" },
	{ "ceo", "c_level" },
	{ "c e o", "c_level" },
	{ "cto", "c_level" },
	{ "c t o", "c_level" },
	{ "cfo", "c_level" },
	{ "c f o", "c_level" },
	{ "coo", "c_level" },
	{ "cmo", "c_level" },
	{ "cio", "c_level" },
	{ "ciso", "c_level" },
	{ "cso", "c_level" },
	{ "cpo", "c_level" },
	{ "cro", "c_level" },
	{ "cco", "c_level" },
	{ "cdo", "c_level" },
	{ "chro", "c_level" },
	{ "chief", "c_level" },
	{ "founder", "c_level" },
	{ "founding partner", "c_level" },
	{ "cofounder", "c_level" },
	{ "owner", "c_level" },
	{ "co owner", "c_level" },
	{ "proprietor", "c_level" },
	{ "president", "c_level" },
	{ "chairman", "c_level" },
	{ "chairwoman", "c_level" },
	{ "chairperson", "c_level" },
	{ "managing director", "c_level" },
	{ "managing partner", "c_level" },
	{ "senior partner", "c_level" },
	{ "partner", "c_level" },
	{ "board member", "c_level" },
	{ "member of the board", "c_level" },
	{ "geschaftsfuhr*", "c_level" },
	{ "geschaftsleit*", "c_level" },
	{ "geschaeftsfuehr*", "c_level" },
	{ "vorstand*", "c_level" },
	{ "inhaber*", "c_level" },
	{ "grunder", "c_level" },
	{ "mitgrunder", "c_level" },
	{ "gesellschafter*", "c_level" },
	{ "pdg", "c_level" },
	{ "p d g", "c_level" },
	{ "directeur general", "c_level" },
	{ "directrice generale", "c_level" },
	{ "gerant", "c_level" },
	{ "gerante", "c_level" },
	{ "presidente", "c_level" },
	{ "presidenta", "c_level" },
	{ "fondateur", "c_level" },
	{ "fondatrice", "c_level" },
	{ "cofondateur", "c_level" },
	{ "proprietaire", "c_level" },
	{ "associe", "c_level" },
	{ "director general", "c_level" },
	{ "directora general", "c_level" },
	{ "director gerente", "c_level" },
	{ "consejero delegado", "c_level" },
	{ "consejera delegada", "c_level" },
	{ "fundador", "c_level" },
	{ "fundadora", "c_level" },
	{ "cofundador*", "c_level" },
	{ "propietario", "c_level" },
	{ "propietaria", "c_level" },
	{ "dueno", "c_level" },
	{ "duena", "c_level" },
	{ "socio", "c_level" },
	{ "socia", "c_level" },
	{ "algemeen directeur", "c_level" },
	{ "eigenaar", "c_level" },
	{ "eigenaresse", "c_level" },
	{ "bestuurder", "c_level" },
	{ "zaakvoerder", "c_level" },
	{ "oprichter", "c_level" },
	{ "general manager", "vp" },
	{ "director", "director" },
	{ "directora", "director" },
	{ "directeur", "director" },
	{ "directrice", "director" },
	{ "direktor*", "director" },
	{ "head of", "director" },
	{ "head", "director" },
	{ "hoofd", "director" },
	{ "prokurist*", "director" },
	{ "*teamleiter", "manager" },
	{ "*gruppenleiter", "manager" },
	{ "*projektleiter", "manager" },
	{ "*schichtleiter", "manager" },
	{ "*leiter", "director" },
	{ "leitung", "director" },
	{ "*manager", "manager" },
	{ "supervisor", "manager" },
	{ "team lead", "manager" },
	{ "team leader", "manager" },
	{ "teamleider", "manager" },
	{ "lead", "manager" },
	{ "leidinggevende", "manager" },
	{ "leider", "manager" },
	{ "foreman", "manager" },
	{ "responsable", "manager" },
	{ "chef de", "manager" },
	{ "cheffe de", "manager" },
	{ "chef du", "manager" },
	{ "gerente", "manager" },
	{ "jefe", "manager" },
	{ "jefa", "manager" },
	{ "encargado", "manager" },
	{ "encargada", "manager" },
	{ "*engineer", "individual" },
	{ "*developer", "individual" },
	{ "programmer", "individual" },
	{ "consultant*", "individual" },
	{ "advisor", "individual" },
	{ "adviser", "individual" },
	{ "analyst", "individual" },
	{ "specialist", "individual" },
	{ "representative", "individual" },
	{ "rep", "individual" },
	{ "sdr", "individual" },
	{ "bdr", "individual" },
	{ "architect", "individual" },
	{ "designer", "individual" },
	{ "associate", "individual" },
	{ "coordinator", "individual" },
	{ "administrator", "individual" },
	{ "accountant", "individual" },
	{ "bookkeeper", "individual" },
	{ "buyer", "individual" },
	{ "recruiter", "individual" },
	{ "technician", "individual" },
	{ "scientist", "individual" },
	{ "researcher", "individual" },
	{ "lawyer", "individual" },
	{ "attorney", "individual" },
	{ "writer", "individual" },
	{ "editor", "individual" },
	{ "agent", "individual" },
	{ "clerk", "individual" },
	{ "officer", "individual" },
	{ "*entwickler", "individual" },
	{ "*ingenieur", "individual" },
	{ "*ingenieure", "individual" },
	{ "*berater", "individual" },
	{ "*sachbearbeiter", "individual" },
	{ "*mitarbeiter", "individual" },
	{ "*referent", "individual" },
	{ "*techniker", "individual" },
	{ "*kaufmann", "individual" },
	{ "*kauffrau", "individual" },
	{ "developpeu*", "individual" },
	{ "analyste", "individual" },
	{ "conseiller", "individual" },
	{ "conseillere", "individual" },
	{ "charge de", "individual" },
	{ "chargee de", "individual" },
	{ "ingeniero", "individual" },
	{ "ingeniera", "individual" },
	{ "desarrollador*", "individual" },
	{ "analista", "individual" },
	{ "consultor*", "individual" },
	{ "tecnico", "individual" },
	{ "comercial", "individual" },
	{ "*medewerker", "individual" },
	{ "adviseur", "individual" },
	{ "ontwikkelaar", "individual" },
};

/* The one that stands first in the title counts; of two at one place, the earlier row. */
static const struct phrase departments[] = {
	{ "human resources", "human_resources" },
	{ "ressources humaines", "human_resources" },
	{ "recursos humanos", "human_resources" },
	{ "hr", "human_resources" },
	{ "drh", "human_resources" },
	{ "rrhh", "human_resources" },
	{ "chro", "human_resources" },
	{ "people", "human_resources" },
	{ "talent", "human_resources" },
	{ "recruit*", "human_resources" },
	{ "personal*", "human_resources" },
	{ "personeel*", "human_resources" },
	{ "customer*", "customer_service" },
	{ "client success", "customer_service" },
	{ "support", "customer_service" },
	{ "kundenservice*", "customer_service" },
	{ "kundendienst*", "customer_service" },
	{ "service client", "customer_service" },
	{ "atencion al cliente", "customer_service" },
	{ "klantenservice", "customer_service" },
	{ "sales", "sales" },
	{ "revenue", "sales" },
	{ "cro", "sales" },
	{ "business development", "sales" },
	{ "account", "sales" },
	{ "vertrieb*", "sales" },
	{ "verkauf*", "sales" },
	{ "commercial*", "sales" },
	{ "comercial", "sales" },
	{ "ventes", "sales" },
	{ "ventas", "sales" },
	{ "verkoop*", "sales" },
	{ "sdr", "sales" },
	{ "bdr", "sales" },
	{ "marketing*", "marketing" },
	{ "cmo", "marketing" },
	{ "brand", "marketing" },
	{ "communications", "marketing" },
	{ "kommunikation*", "marketing" },
	{ "communication", "marketing" },
	{ "comunicacion", "marketing" },
	{ "communicatie", "marketing" },
	{ "social media", "marketing" },
	{ "growth", "marketing" },
	{ "demand generation", "marketing" },
	{ "procurement", "procurement" },
	{ "purchasing", "procurement" },
	{ "sourcing", "procurement" },
	{ "buyer", "procurement" },
	{ "einkauf*", "procurement" },
	{ "achats", "procurement" },
	{ "compras", "procurement" },
	{ "inkoop*", "procurement" },
	{ "finance", "finance" },
	{ "financial", "finance" },
	{ "cfo", "finance" },
	{ "c f o", "finance" },
	{ "controller", "finance" },
	{ "controlling", "finance" },
	{ "accounting", "finance" },
	{ "accountant", "finance" },
	{ "treasur*", "finance" },
	{ "finanz*", "finance" },
	{ "buchhalt*", "finance" },
	{ "financier", "finance" },
	{ "financiere", "finance" },
	{ "comptab*", "finance" },
	{ "daf", "finance" },
	{ "finanzas", "finance" },
	{ "contab*", "finance" },
	{ "financien", "finance" },
	{ "legal", "legal" },
	{ "counsel", "legal" },
	{ "compliance", "legal" },
	{ "recht*", "legal" },
	{ "jurist*", "legal" },
	{ "juridique", "legal" },
	{ "juridico", "legal" },
	{ "juridisch*", "legal" },
	{ "lawyer", "legal" },
	{ "attorney", "legal" },
	{ "product", "product" },
	{ "produkt*", "product" },
	{ "produit", "product" },
	{ "producto", "product" },
	{ "cpo", "product" },
	{ "research", "research" },
	{ "r d", "research" },
	{ "forschung*", "research" },
	{ "recherche", "research" },
	{ "investigacion", "research" },
	{ "onderzoek*", "research" },
	{ "data", "research" },
	{ "scientist", "research" },
	{ "it", "it" },
	{ "information technology", "it" },
	{ "informatik*", "it" },
	{ "informatique", "it" },
	{ "informatica", "it" },
	{ "cio", "it" },
	{ "ciso", "it" },
	{ "dsi", "it" },
	{ "security", "it" },
	{ "infrastructure", "it" },
	{ "systems", "it" },
	{ "system*", "it" },
	{ "cloud", "it" },
	{ "cto", "engineering" },
	{ "c t o", "engineering" },
	{ "engineering", "engineering" },
	{ "*engineer", "engineering" },
	{ "technology", "engineering" },
	{ "technical", "engineering" },
	{ "technik*", "engineering" },
	{ "technique", "engineering" },
	{ "tecnologia", "engineering" },
	{ "tecnico", "engineering" },
	{ "techniek", "engineering" },
	{ "technisch*", "engineering" },
	{ "software*", "engineering" },
	{ "*developer", "engineering" },
	{ "*entwickl*", "engineering" },
	{ "developpeu*", "engineering" },
	{ "desarrollador*", "engineering" },
	{ "ontwikkelaar", "engineering" },
	{ "*ingenieur*", "engineering" },
	{ "ingenier*", "engineering" },
	{ "devops", "engineering" },
	{ "operations", "operations" },
	{ "operational", "operations" },
	{ "operating officer", "operations" },
	{ "coo", "operations" },
	{ "logistic*", "operations" },
	{ "logistik*", "operations" },
	{ "logistique", "operations" },
	{ "supply chain", "operations" },
	{ "production", "operations" },
	{ "produktion*", "operations" },
	{ "produccion", "operations" },
	{ "manufacturing", "operations" },
	{ "plant", "operations" },
	{ "quality", "operations" },
	{ "qualitat*", "operations" },
	{ "operaciones", "operations" },
	{ "operationele", "operations" },
	{ "betrieb*", "operations" },
	{ "facility", "operations" },
	{ "ceo", "executive" },
	{ "c e o", "executive" },
	{ "executive officer", "executive" },
	{ "general manager", "executive" },
};

/* U+00C0 to U+00FF without their accents; a star is no letter. */
static const char latin1_letters[64][3] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", //
	"d", "n", "o", "o", "o", "o", "o", " ", "o", "u", "u", "u", "u", "y", "th", "ss", //
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", //
	"d", "n", "o", "o", "o", "o", "o", " ", "o", "u", "u", "u", "u", "y", "th", "y", //
};

struct words {
	char text[2 * TITLE_MAX_BYTES + 4]; /* " vp of sales ": one blank at each side of each word */
	size_t len;
};

static void put_blank(struct words *w)
{
	if (w->text[w->len - 1] != ' ')
		w->text[w->len++] = ' ';
}

/* "Leiterin" is read as "Leiter". */
static void end_word(struct words *w)
{
	if (w->len > 5 && memcmp(w->text + w->len - 4, "erin", 4) == 0)
		w->len -= 2;
	put_blank(w);
}

static struct words fold(struct slice title)
{
	struct words w = { .text = " ", .len = 1 };
	for (size_t i = 0; i < title.len && i < TITLE_MAX_BYTES; i++) {
		unsigned char c = (unsigned char)title.ptr[i];
		unsigned char next = i + 1 < title.len ? (unsigned char)title.ptr[i + 1] : 0;
		if (c == 0xc3 && next >= 0x80 && next <= 0xbf) {
			for (const char *letter = latin1_letters[next - 0x80]; *letter != '\0'; letter++)
				w.text[w.len++] = *letter;
			i++;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			w.text[w.len++] = (char)c;
		} else if (c >= 'A' && c <= 'Z') {
			w.text[w.len++] = (char)(c + 32);
		} else {
			end_word(&w);
		}
	}
	end_word(&w);
	w.text[w.len] = '\0';
	return w;
}

/* The place of a phrase; -1 where it is absent. */
static long find(const struct words *w, const char *phrase)
{
	bool open_front = phrase[0] == '*';
	const char *core = phrase + (open_front ? 1 : 0);
	size_t len = strlen(core);
	bool open_back = len > 0 && core[len - 1] == '*';
	len -= open_back ? 1 : 0;
	for (size_t at = 1; at + len < w->len; at++)
		if (memcmp(w->text + at, core, len) == 0 && (open_front || w->text[at - 1] == ' ') && (open_back || w->text[at + len] == ' '))
			return (long)at;
	return -1;
}

struct title_verdict title_read(struct slice title)
{
	struct title_verdict v = { .seniority = NULL };
	struct words w = fold(title);
	for (size_t i = 0; i < sizeof seniorities / sizeof seniorities[0]; i++)
		if (find(&w, seniorities[i].text) >= 0) {
			/* What somebody was says nothing about what they decide now. */
			if (seniorities[i].means == NULL)
				return v;
			v.seniority = seniorities[i].means;
			v.seniority_word = seniorities[i].text;
			break;
		}
	long first = -1;
	for (size_t i = 0; i < sizeof departments / sizeof departments[0]; i++) {
		long at = find(&w, departments[i].text);
		if (at >= 0 && (first < 0 || at < first)) {
			first = at;
			v.department = departments[i].means;
			v.department_word = departments[i].text;
		}
	}
	if (v.department == NULL && v.seniority != NULL && strcmp(v.seniority, "c_level") == 0) {
		v.department = "executive";
		v.department_word = v.seniority_word;
	}
	return v;
}
