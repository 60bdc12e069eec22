# The rules of sf-v1, written from their description and not from qualify's code. $only: score and tier alone, else the lead with them.
def value: if . == null or . == "" then null else . end;
def number: if type == "number" then . elif type == "string" and test("^[0-9]+$") then tonumber else null end;
. as $lead | .contact.properties as $c | (.enrichment.facts // {}) as $f
| (($c.jobtitle | value) // ($f.title.value | value)) as $title
| (($c.numberofemployees | value) // ($f.company_size.value | value) | number) as $size
| (($c.industry | value) // ($f.industry.value | value)) as $industry
| (($c.hs_linkedin_url | value) // ($f.linkedin.value | value)) as $linkedin
| ( (if $title == null then 0
     elif $title | test("\\b(ceo|cto|cfo|coo|cmo|cio|ciso|cro|chief|founder|cofounder)\\b"; "i") then 30
     elif $title | test("\\b(vp|svp|evp|vice president|vice-president)\\b"; "i") then 25
     elif $title | test("\\b(director|head of)\\b"; "i") then 20
     elif $title | test("\\b(manager|team lead)\\b"; "i") then 15 else 0 end)
  + (if $size == null then 0 elif $size >= 1000 then 25 elif $size >= 100 then 20 elif $size >= 1 then 15 else 0 end)
  + (if $industry == null then 0 elif $industry | test("tech|saas|software"; "i") then 20 elif $industry | test("financ"; "i") then 15 else 10 end)
  + (if $c.email | value then 10 else 0 end) + (if $c.phone | value then 5 else 0 end) + (if $linkedin then 5 else 0 end)
  + (if (($c.hs_analytics_num_visits | number) // 0) > 0 then 10 else 0 end)
  + (if (($c.hs_email_open | number) // 0) > 0 then 5 else 0 end)) as $score
| {score: $score, tier: (if $score >= 80 then "HOT" elif $score >= 50 then "WARM" else "COLD" end)}
| if $only then . else . as $q | $lead + {qualification: $q} end
