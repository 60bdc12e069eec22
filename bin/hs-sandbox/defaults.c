/* The properties of a new portal: those of HubSpot's defaults that sales tasks touch (knowledge.hubspot.com, "Default properties", 2026). */
#include "schema.h"

#define TEXT(type, name, label, group)                                                                                                               \
	{                                                                                                                                            \
		type, name, label, "text", group, NULL, VALUE_STRING, DEFAULT_PLAIN                                                                  \
	}
#define AREA(type, name, label, group)                                                                                                               \
	{                                                                                                                                            \
		type, name, label, "textarea", group, NULL, VALUE_STRING, DEFAULT_PLAIN                                                              \
	}
#define HTML(type, name, label, group)                                                                                                               \
	{                                                                                                                                            \
		type, name, label, "html", group, NULL, VALUE_STRING, DEFAULT_PLAIN                                                                  \
	}
#define NUMBER(type, name, label, group)                                                                                                             \
	{                                                                                                                                            \
		type, name, label, "number", group, NULL, VALUE_NUMBER, DEFAULT_PLAIN                                                                \
	}
#define WHEN(type, name, label, group)                                                                                                               \
	{                                                                                                                                            \
		type, name, label, "date", group, NULL, VALUE_DATETIME, DEFAULT_PLAIN                                                                \
	}
#define PHONE(type, name, label, group)                                                                                                              \
	{                                                                                                                                            \
		type, name, label, "phonenumber", group, NULL, VALUE_STRING, DEFAULT_PLAIN                                                           \
	}
#define YES_NO(type, name, label, group)                                                                                                             \
	{                                                                                                                                            \
		type, name, label, "booleancheckbox", group, "true=Yes|false=No", VALUE_BOOL, DEFAULT_PLAIN                                          \
	}
#define SELECT(type, name, label, group, options)                                                                                                    \
	{                                                                                                                                            \
		type, name, label, "select", group, options, VALUE_ENUMERATION, DEFAULT_PLAIN                                                        \
	}
#define FIXED_WHEN(type, name, label, group)                                                                                                         \
	{                                                                                                                                            \
		type, name, label, "date", group, NULL, VALUE_DATETIME, DEFAULT_READ_ONLY                                                            \
	}
#define FIXED_NUMBER(type, name, label, group)                                                                                                       \
	{                                                                                                                                            \
		type, name, label, "number", group, NULL, VALUE_NUMBER, DEFAULT_READ_ONLY                                                            \
	}

#define CONTACT TYPE_CONTACT
#define COMPANY TYPE_COMPANY
#define TASK TYPE_TASK
#define NOTE TYPE_NOTE
#define EMAIL TYPE_EMAIL
#define PERSON "contactinformation"
#define FIRM "companyinformation"
#define WORK "engagement"

#define STAGES                                                                                                                                       \
	"subscriber=Subscriber|lead=Lead|marketingqualifiedlead=Marketing Qualified Lead|salesqualifiedlead=Sales Qualified Lead|"                   \
	"opportunity=Opportunity|customer=Customer|evangelist=Evangelist|other=Other"
#define LEAD_STATES                                                                                                                                  \
	"NEW=New|OPEN=Open|IN_PROGRESS=In Progress|OPEN_DEAL=Open Deal|UNQUALIFIED=Unqualified|ATTEMPTED_TO_CONTACT=Attempted to Contact|"           \
	"CONNECTED=Connected|BAD_TIMING=Bad Timing"

const struct default_property default_properties[] = {
	TEXT(CONTACT, "firstname", "First Name", PERSON),
	TEXT(CONTACT, "lastname", "Last Name", PERSON),
	{ CONTACT, "email", "Email", "text", PERSON, NULL, VALUE_STRING, DEFAULT_UNIQUE },
	PHONE(CONTACT, "phone", "Phone Number", PERSON),
	PHONE(CONTACT, "mobilephone", "Mobile Phone Number", PERSON),
	TEXT(CONTACT, "jobtitle", "Job Title", PERSON),
	TEXT(CONTACT, "company", "Company Name", PERSON),
	TEXT(CONTACT, "website", "Website URL", PERSON),
	TEXT(CONTACT, "industry", "Industry", PERSON),
	TEXT(CONTACT, "hs_linkedin_url", "LinkedIn URL", PERSON),
	TEXT(CONTACT, "numemployees", "Number of Employees", PERSON),
	TEXT(CONTACT, "address", "Street Address", PERSON),
	TEXT(CONTACT, "city", "City", PERSON),
	TEXT(CONTACT, "state", "State/Region", PERSON),
	TEXT(CONTACT, "zip", "Postal Code", PERSON),
	TEXT(CONTACT, "country", "Country/Region", PERSON),
	TEXT(CONTACT, "hs_language", "Preferred language", PERSON),
	AREA(CONTACT, "message", "Message", PERSON),
	SELECT(CONTACT, "lifecyclestage", "Lifecycle Stage", PERSON, STAGES),
	SELECT(CONTACT, "hs_lead_status", "Lead Status", "sales_properties", LEAD_STATES),
	FIXED_NUMBER(CONTACT, "hs_analytics_num_visits", "Number of Sessions", "analyticsinformation"),
	FIXED_NUMBER(CONTACT, "hs_analytics_num_page_views", "Number of Pageviews", "analyticsinformation"),
	FIXED_NUMBER(CONTACT, "hs_email_open", "Marketing emails opened", "emailinformation"),
	FIXED_NUMBER(CONTACT, "hubspotscore", "HubSpot Score", PERSON),
	YES_NO(CONTACT, "hs_email_optout", "Unsubscribed from all email", "emailinformation"),
	SELECT(CONTACT, "hubspot_owner_id", "Contact owner", "sales_properties", NULL),
	FIXED_WHEN(CONTACT, "createdate", "Create Date", PERSON),
	FIXED_WHEN(CONTACT, "lastmodifieddate", "Last Modified Date", PERSON),
	FIXED_NUMBER(CONTACT, "hs_object_id", "Record ID", PERSON),

	TEXT(COMPANY, "name", "Company name", FIRM),
	TEXT(COMPANY, "domain", "Company Domain Name", FIRM),
	TEXT(COMPANY, "website", "Website URL", FIRM),
	TEXT(COMPANY, "industry", "Industry", FIRM),
	NUMBER(COMPANY, "numberofemployees", "Number of Employees", FIRM),
	NUMBER(COMPANY, "annualrevenue", "Annual Revenue", FIRM),
	TEXT(COMPANY, "founded_year", "Year Founded", FIRM),
	TEXT(COMPANY, "address", "Street Address", FIRM),
	TEXT(COMPANY, "city", "City", FIRM),
	TEXT(COMPANY, "state", "State/Region", FIRM),
	TEXT(COMPANY, "zip", "Postal Code", FIRM),
	TEXT(COMPANY, "country", "Country/Region", FIRM),
	PHONE(COMPANY, "phone", "Phone Number", FIRM),
	AREA(COMPANY, "description", "Description", FIRM),
	TEXT(COMPANY, "linkedin_company_page", "LinkedIn Company Page", "socialmediainformation"),
	SELECT(COMPANY, "lifecyclestage", "Lifecycle Stage", FIRM, STAGES),
	SELECT(COMPANY, "hubspot_owner_id", "Company owner", FIRM, NULL),
	FIXED_WHEN(COMPANY, "createdate", "Create Date", FIRM),
	FIXED_WHEN(COMPANY, "hs_lastmodifieddate", "Last Modified Date", FIRM),
	FIXED_NUMBER(COMPANY, "hs_object_id", "Record ID", FIRM),

	TEXT(TASK, "hs_task_subject", "Task Title", "task"),
	HTML(TASK, "hs_task_body", "Task notes", "task"),
	SELECT(TASK, "hs_task_status", "Task status", "task",
		"NOT_STARTED=Not started|IN_PROGRESS=In progress|WAITING=Waiting|COMPLETED=Completed|DEFERRED=Deferred"),
	SELECT(TASK, "hs_task_priority", "Priority", "task", "NONE=None|LOW=Low|MEDIUM=Medium|HIGH=High"),
	SELECT(TASK, "hs_task_type", "Task Type", "task",
		"TODO=To-do|CALL=Call|EMAIL=Email|MEETING=Meeting|LINKED_IN_CONNECT=LinkedIn connect|LINKED_IN_MESSAGE=LinkedIn message"),
	TEXT(TASK, "hs_task_reminders", "Reminders", "task"),
	TEXT(TASK, "hs_queue_membership_ids", "Queue", "task"),
	WHEN(TASK, "hs_timestamp", "Due date", WORK),
	SELECT(TASK, "hubspot_owner_id", "Assigned to", WORK, NULL),
	FIXED_WHEN(TASK, "hs_createdate", "Create date", WORK),
	FIXED_WHEN(TASK, "hs_lastmodifieddate", "Last modified date", WORK),
	FIXED_NUMBER(TASK, "hs_object_id", "Record ID", WORK),

	HTML(NOTE, "hs_note_body", "Note body", WORK),
	TEXT(NOTE, "hs_attachment_ids", "Attached file IDs", WORK),
	WHEN(NOTE, "hs_timestamp", "Activity date", WORK),
	SELECT(NOTE, "hubspot_owner_id", "Activity assigned to", WORK, NULL),
	FIXED_WHEN(NOTE, "hs_createdate", "Create date", WORK),
	FIXED_WHEN(NOTE, "hs_lastmodifieddate", "Last modified date", WORK),
	FIXED_NUMBER(NOTE, "hs_object_id", "Record ID", WORK),

	TEXT(EMAIL, "hs_email_subject", "Email subject", "email"),
	AREA(EMAIL, "hs_email_text", "Email body", "email"),
	HTML(EMAIL, "hs_email_html", "Email HTML body", "email"),
	AREA(EMAIL, "hs_email_headers", "Email headers", "email"),
	SELECT(EMAIL, "hs_email_direction", "Email direction", "email",
		"EMAIL=Outgoing email|INCOMING_EMAIL=Incoming email|FORWARDED_EMAIL=Forwarded email"),
	SELECT(EMAIL, "hs_email_status", "Email send status", "email", "BOUNCED=Bounced|FAILED=Failed|SCHEDULED=Scheduled|SENDING=Sending|SENT=Sent"),
	TEXT(EMAIL, "hs_attachment_ids", "Attached file IDs", WORK),
	WHEN(EMAIL, "hs_timestamp", "Activity date", WORK),
	SELECT(EMAIL, "hubspot_owner_id", "Activity assigned to", WORK, NULL),
	FIXED_WHEN(EMAIL, "hs_createdate", "Create date", WORK),
	FIXED_WHEN(EMAIL, "hs_lastmodifieddate", "Last modified date", WORK),
	FIXED_NUMBER(EMAIL, "hs_object_id", "Record ID", WORK),
};
const size_t default_property_count = sizeof default_properties / sizeof default_properties[0];
