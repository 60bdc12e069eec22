'use strict';
// HubSpot's own Node client, unmodified, against hs-sandbox: what works with HubSpot must work here, and fail here in the same way.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client } = require('@hubspot/api-client');
const { startSandbox } = require('./servers.js');

const TASK_TO_CONTACT = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 204 }];
const NOTE_TO_CONTACT = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 202 }];
const DUE = '2026-01-05T09:00:00.000Z';

let sandbox;
let hubspot;

before(async () => {
  sandbox = await startSandbox('--rate', '0', '--search-rate', '0');
  hubspot = new Client({ accessToken: sandbox.token, basePath: sandbox.url });
});
after(async () => {
  if (sandbox) assert.equal(await sandbox.stop(), 0, 'SIGTERM ends it with status 0');
});

// The error of a call that must fail.
async function failureOf(promise, code) {
  try {
    await promise;
  } catch (error) {
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`no error ${code}`);
}

// Search runs behind the writes, as HubSpot's does.
async function searchUntil(api, request, wanted) {
  for (let attempt = 0; ; attempt++) {
    const answer = await api.doSearch({ limit: 10, sorts: [], properties: [], ...request });
    if (answer.total === wanted) return answer;
    assert.ok(attempt < 40, `search finds ${answer.total}, not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const ids = (results) => results.map((result) => result.id);

test('a contact is created, read by id and by e-mail, changed and archived', async () => {
  const api = hubspot.crm.contacts.basicApi;
  const made = await api.create({ properties: { email: 'Ada@Analytical.example', firstname: 'Ada', lastname: 'Lovelace' } });
  assert.match(made.id, /^\d+$/);
  assert.equal(made.properties.email, 'ada@analytical.example', 'e-mail addresses become lower case');
  assert.ok(made.createdAt instanceof Date && !Number.isNaN(made.createdAt.getTime()));
  assert.equal(made.archived, false);

  const read = await api.getById(made.id, ['firstname', 'lastname', 'jobtitle']);
  assert.equal(read.properties.lastname, 'Lovelace');
  assert.equal(read.properties.hs_object_id, made.id);
  assert.equal(read.properties.jobtitle ?? null, null);
  const byEmail = await api.getById('ada@analytical.example', ['firstname'], undefined, undefined, false, 'email');
  assert.equal(byEmail.id, made.id);

  const changed = await api.update(made.id, { properties: { jobtitle: 'Countess', firstname: '' } });
  assert.equal(changed.id, made.id);
  assert.ok(changed.updatedAt >= made.updatedAt);
  const again = await api.getById(made.id, ['firstname', 'jobtitle']);
  assert.equal(again.properties.jobtitle, 'Countess');
  assert.ok(!again.properties.firstname, 'an empty value clears');

  await api.archive(made.id);
  await failureOf(api.getById(made.id), 404);
  const archived = await api.getById(made.id, ['email'], undefined, undefined, true);
  assert.equal(archived.archived, true);
});

test('what HubSpot refuses is refused with its codes: conflict, unknown property, wrong option, bad number', async () => {
  const api = hubspot.crm.contacts.basicApi;
  const made = await api.create({ properties: { email: 'twice@example.example' } });
  const conflict = await failureOf(api.create({ properties: { email: 'TWICE@example.example' } }), 409);
  assert.equal(conflict.body.category, 'CONFLICT');
  assert.equal(conflict.body.message, `Contact already exists. Existing ID: ${made.id}`);
  const unknown = await failureOf(api.update(made.id, { properties: { no_such_property: '1' } }), 400);
  assert.equal(unknown.body.category, 'VALIDATION_ERROR');
  assert.match(unknown.body.message, /no_such_property/);
  assert.match(JSON.stringify(unknown.body), /PROPERTY_DOESNT_EXIST/);
  const option = await failureOf(hubspot.crm.objects.tasks.basicApi.create({ properties: { hs_timestamp: DUE, hs_task_status: 'DONE' } }), 400);
  assert.match(option.body.message, /hs_task_status|DONE/);
  const readOnly = await failureOf(api.update(made.id, { properties: { hs_object_id: '5' } }), 400);
  assert.equal(readOnly.body.category, 'VALIDATION_ERROR');
});

test('an unknown id is 404 with the category OBJECT_NOT_FOUND', async () => {
  const error = await failureOf(hubspot.crm.contacts.basicApi.getById('999999999'), 404);
  assert.equal(error.body.category, 'OBJECT_NOT_FOUND');
  assert.equal(error.body.status, 'error');
  assert.match(error.body.correlationId, /^[0-9a-f-]{36}$/);
});

test('a wrong token is 401 with the category INVALID_AUTHENTICATION', async () => {
  const stranger = new Client({ accessToken: 'wrong', basePath: sandbox.url });
  const error = await failureOf(stranger.crm.contacts.basicApi.getPage(1), 401);
  assert.equal(error.body.category, 'INVALID_AUTHENTICATION');
});

test('a list is read page by page to its end, each object once', async () => {
  const names = Array.from({ length: 25 }, (_, i) => `Paged ${i}`);
  for (let i = 0; i < names.length; i += 100)
    await hubspot.crm.companies.batchApi.create({ inputs: names.map((name) => ({ properties: { name }, associations: [] })) });
  const seen = [];
  let after;
  do {
    const page = await hubspot.crm.companies.basicApi.getPage(10, after, ['name']);
    assert.ok(page.results.length <= 10);
    seen.push(...page.results);
    after = page.paging?.next?.after;
  } while (after);
  assert.equal(new Set(ids(seen)).size, seen.length);
  for (const name of names) assert.equal(seen.filter((company) => company.properties.name === name).length, 1, name);
  const all = await hubspot.crm.companies.getAll(10);
  assert.deepEqual(ids(all).sort(), ids(seen).sort());
});

test('search filters, sorts, pages and counts', async () => {
  const api = hubspot.crm.objects.tasks;
  await api.batchApi.create({
    inputs: Array.from({ length: 15 }, (_, i) => ({
      properties: { hs_timestamp: new Date(Date.parse(DUE) + i * 60000).toISOString(), hs_task_subject: `Searchable ${i}`, hs_task_status: i % 3 ? 'NOT_STARTED' : 'COMPLETED' },
      associations: [],
    })),
  });
  const filterGroups = [{ filters: [{ propertyName: 'hs_task_subject', operator: 'CONTAINS_TOKEN', value: 'searchable' }, { propertyName: 'hs_task_status', operator: 'EQ', value: 'NOT_STARTED' }] }];
  const first = await searchUntil(api.searchApi, { filterGroups, properties: ['hs_task_subject', 'hs_timestamp'], sorts: ['-hs_timestamp'], limit: 4 }, 10);
  assert.deepEqual(first.results.map((task) => task.properties.hs_task_subject), ['Searchable 14', 'Searchable 13', 'Searchable 11', 'Searchable 10']);
  assert.equal(first.paging.next.after, '4');
  const last = await api.searchApi.doSearch({ filterGroups, properties: ['hs_task_subject'], sorts: ['-hs_timestamp'], limit: 4, after: '8' });
  assert.deepEqual(last.results.map((task) => task.properties.hs_task_subject), ['Searchable 2', 'Searchable 1']);
  assert.equal(last.paging, undefined);
  const wrong = await failureOf(api.searchApi.doSearch({ filterGroups: Array.from({ length: 6 }, () => filterGroups[0]), properties: [], sorts: [], limit: 1 }), 400);
  assert.equal(wrong.body.category, 'VALIDATION_ERROR');
});

test('batches create, read, update and archive, and say which rows are missing', async () => {
  const { batchApi, basicApi } = hubspot.crm.contacts;
  const emails = Array.from({ length: 100 }, (_, i) => `batch${i}@example.example`);
  const made = await batchApi.create({ inputs: emails.map((email) => ({ properties: { email }, associations: [] })) });
  assert.equal(made.status, 'COMPLETE');
  assert.equal(made.results.length, 100);
  assert.deepEqual(made.results.map((contact) => contact.properties.email).sort(), emails.slice().sort());

  const read = await batchApi.read({ inputs: emails.slice(0, 3).map((id) => ({ id })), idProperty: 'email', properties: ['email'], propertiesWithHistory: [] });
  assert.deepEqual(read.results.map((contact) => contact.properties.email).sort(), emails.slice(0, 3));
  const partly = await batchApi.read({ inputs: [{ id: made.results[0].id }, { id: '999999998' }], properties: ['email'], propertiesWithHistory: [] });
  assert.deepEqual(ids(partly.results), [made.results[0].id]);
  assert.equal(partly.numErrors, 1);
  assert.equal(partly.errors[0].category, 'OBJECT_NOT_FOUND');
  assert.deepEqual(partly.errors[0].context.ids, ['999999998']);

  const changed = await batchApi.update({ inputs: made.results.slice(0, 2).map(({ id }) => ({ id, properties: { city: 'London' } })) });
  assert.deepEqual(ids(changed.results).sort(), ids(made.results.slice(0, 2)).sort());
  assert.equal((await basicApi.getById(made.results[1].id, ['city'])).properties.city, 'London');

  await batchApi.archive({ inputs: made.results.slice(0, 2).map(({ id }) => ({ id })) });
  await failureOf(basicApi.getById(made.results[1].id), 404);

  await failureOf(batchApi.create({ inputs: Array.from({ length: 101 }, (_, i) => ({ properties: { email: `many${i}@example.example` }, associations: [] })) }), 400);
  await failureOf(batchApi.update({ inputs: [made.results[5], made.results[5]].map(({ id }) => ({ id, properties: { city: 'Paris' } })) }), 400);
});

test('with trace ids a bad row fails alone; without them it fails the batch', async () => {
  const { batchApi } = hubspot.crm.contacts;
  const inputs = (traced) => [
    { properties: { email: `good-${traced}@example.example` }, associations: [], ...(traced && { objectWriteTraceId: 'row-1' }) },
    { properties: { email: `bad-${traced}@example.example`, no_such_property: 'x' }, associations: [], ...(traced && { objectWriteTraceId: 'row-2' }) },
  ];
  const partly = await batchApi.create({ inputs: inputs(true) });
  assert.equal(partly.results.length, 1);
  assert.equal(partly.results[0].properties.email, 'good-true@example.example');
  assert.equal(partly.numErrors, 1);
  assert.deepEqual(partly.errors[0].context.objectWriteTraceId, ['row-2']);
  await failureOf(batchApi.create({ inputs: inputs(false) }), 400);
  await failureOf(hubspot.crm.contacts.basicApi.getById('good-false@example.example', [], undefined, undefined, false, 'email'), 404);
});

test('upsert by e-mail makes what is new, changes what is there, and says which', async () => {
  const { batchApi } = hubspot.crm.contacts;
  await hubspot.crm.contacts.basicApi.create({ properties: { email: 'there@example.example', city: 'Rome' } });
  const upsert = (email, city) => ({ id: email, idProperty: 'email', properties: { email, city } });
  const answer = await batchApi.upsert({ inputs: [upsert('there@example.example', 'Oslo'), upsert('new@example.example', 'Bern')] });
  const byEmail = new Map(answer.results.map((contact) => [contact.properties.email, contact]));
  assert.equal(byEmail.get('there@example.example')._new, false);
  assert.equal(byEmail.get('new@example.example')._new, true);
  const read = await hubspot.crm.contacts.basicApi.getById('there@example.example', ['city'], undefined, undefined, false, 'email');
  assert.equal(read.properties.city, 'Oslo');
  const refused = await failureOf(hubspot.crm.companies.batchApi.upsert({ inputs: [{ id: 'a.example', idProperty: 'domain', properties: { domain: 'a.example' } }] }), 400);
  assert.match(refused.body.message, /domain/);
});

test('a task and a note are created with their contact, and the association is read from all sides', async () => {
  const contact = await hubspot.crm.contacts.basicApi.create({ properties: { email: 'linked@example.example' } });
  const to = { to: { id: contact.id } };
  const task = await hubspot.crm.objects.tasks.basicApi.create({ properties: { hs_timestamp: DUE, hs_task_subject: 'Call' }, associations: [{ ...to, types: TASK_TO_CONTACT }] });
  const note = await hubspot.crm.objects.notes.basicApi.create({ properties: { hs_timestamp: DUE, hs_note_body: '<p>Said yes</p>' }, associations: [{ ...to, types: NOTE_TO_CONTACT }] });

  const withContact = await hubspot.crm.objects.tasks.basicApi.getById(task.id, ['hs_task_subject'], undefined, ['contacts']);
  assert.deepEqual(ids(withContact.associations.contacts.results), [contact.id]);
  const v4 = hubspot.crm.associations.v4;
  const tasks = await v4.basicApi.getPage('contacts', contact.id, 'tasks');
  assert.deepEqual(tasks.results.map((result) => String(result.toObjectId)), [task.id]);
  assert.equal(tasks.results[0].associationTypes[0].typeId, 203);
  const notes = await v4.batchApi.getPage('notes', 'contacts', { inputs: [{ id: note.id }] });
  assert.equal(notes.results[0]._from.id, note.id);
  assert.deepEqual(notes.results[0].to.map((result) => String(result.toObjectId)), [contact.id]);
});

test('associations are made by default type, by type id and in batches, and taken away', async () => {
  const v4 = hubspot.crm.associations.v4;
  const made = await hubspot.crm.contacts.batchApi.create({ inputs: [1, 2, 3].map((i) => ({ properties: { email: `assoc${i}@example.example` }, associations: [] })) });
  const [a, b, c] = ids(made.results);
  const { id: company } = await hubspot.crm.companies.basicApi.create({ properties: { name: 'Associated' } });
  const read = async () => (await v4.basicApi.getPage('companies', company, 'contacts')).results.map((result) => String(result.toObjectId)).sort();

  await v4.basicApi.createDefault('companies', company, 'contacts', a);
  await v4.basicApi.create('companies', company, 'contacts', b, [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 280 }]);
  await v4.batchApi.create('companies', 'contacts', { inputs: [{ _from: { id: company }, to: { id: c }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 280 }] }] });
  assert.deepEqual(await read(), [a, b, c].sort());
  await v4.basicApi.archive('companies', company, 'contacts', a);
  await v4.batchApi.archive('companies', 'contacts', { inputs: [{ _from: { id: company }, to: [{ id: b }] }] });
  assert.deepEqual(await read(), [c]);
  await v4.batchApi.createDefault('companies', 'contacts', { inputs: [{ _from: { id: company }, to: { id: a } }] });
  assert.deepEqual(await read(), [a, c].sort());
});

test('properties and groups are created, read, listed, and not created twice', async () => {
  const { coreApi, groupsApi, batchApi } = hubspot.crm.properties;
  const group = await groupsApi.create('contacts', { name: 'conformance', label: 'Conformance', displayOrder: -1 });
  assert.equal(group.name, 'conformance');
  const tier = {
    name: 'conformance_tier', label: 'Tier', type: 'enumeration', fieldType: 'select', groupName: 'conformance',
    options: [{ label: 'Hot', value: 'HOT', displayOrder: 0, hidden: false }, { label: 'Cold', value: 'COLD', displayOrder: 1, hidden: false }],
  };
  const made = await coreApi.create('contacts', tier);
  assert.equal(made.name, 'conformance_tier');
  assert.deepEqual(made.options.map((option) => option.value), ['HOT', 'COLD']);
  await failureOf(coreApi.create('contacts', tier), 409);
  await failureOf(coreApi.getByName('contacts', 'none_of_these'), 404);
  await batchApi.create('contacts', { inputs: [{ name: 'conformance_score', label: 'Score', type: 'number', fieldType: 'number', groupName: 'conformance' }] });
  const all = await coreApi.getAll('contacts');
  for (const name of ['email', 'firstname', 'conformance_tier', 'conformance_score']) assert.ok(all.results.some((property) => property.name === name), name);
  const read = await batchApi.read('contacts', { archived: false, inputs: [{ name: 'conformance_score' }] });
  assert.equal(read.results[0].type, 'number');

  const contact = await hubspot.crm.contacts.basicApi.create({ properties: { email: 'tiered@example.example', conformance_tier: 'HOT', conformance_score: '70.5' } });
  assert.equal(contact.properties.conformance_tier, 'HOT');
  await failureOf(hubspot.crm.contacts.basicApi.update(contact.id, { properties: { conformance_tier: 'hot' } }), 400);
  await failureOf(hubspot.crm.contacts.basicApi.update(contact.id, { properties: { conformance_score: 'seventy' } }), 400);
});

test('a property with unique values is an id: read, upsert, conflict', async () => {
  const { coreApi } = hubspot.crm.properties;
  const groups = await hubspot.crm.properties.groupsApi.getAll('tasks');
  const key = { name: 'conformance_key', label: 'Key', type: 'string', fieldType: 'text', groupName: groups.results[0].name, hasUniqueValue: true };
  await coreApi.create('tasks', key);
  const { basicApi, batchApi } = hubspot.crm.objects.tasks;
  const made = await basicApi.create({ properties: { hs_timestamp: DUE, conformance_key: 'key-1' }, associations: [] });
  assert.equal((await basicApi.getById('key-1', ['conformance_key'], undefined, undefined, false, 'conformance_key')).id, made.id);
  await failureOf(basicApi.create({ properties: { hs_timestamp: DUE, conformance_key: 'key-1' }, associations: [] }), 409);
  const again = await batchApi.upsert({ inputs: [{ id: 'key-1', idProperty: 'conformance_key', properties: { hs_task_subject: 'Renamed' } }] });
  assert.deepEqual(ids(again.results), [made.id]);
});

test('owners are listed, by page and by e-mail', async () => {
  const demo = await startSandbox('--demo', '--rate', '0');
  try {
    const { ownersApi } = new Client({ accessToken: demo.token, basePath: demo.url }).crm.owners;
    const page = await ownersApi.getPage(undefined, undefined, 100);
    assert.ok(page.results.length >= 3);
    const agents = await ownersApi.getPage('ai-agents@leadpipe.example');
    assert.equal(agents.results.length, 1);
    assert.equal((await ownersApi.getById(Number(agents.results[0].id))).email, 'ai-agents@leadpipe.example');
  } finally {
    await demo.stop();
  }
});

test('past the limit of ten seconds comes 429; the client waits by its own rules and gets through', { timeout: 60000 }, async () => {
  const limited = await startSandbox('--rate', '3');
  try {
    const impatient = new Client({ accessToken: limited.token, basePath: limited.url });
    for (let i = 0; i < 3; i++) await impatient.crm.contacts.basicApi.getPage(1);
    const error = await failureOf(impatient.crm.contacts.basicApi.getPage(1), 429);
    assert.match(error.body.message, /ten_secondly_rolling/i);
    assert.match(JSON.stringify(error.body), /TEN_SECONDLY_ROLLING|ten_secondly_rolling/);
    const patient = new Client({ accessToken: limited.token, basePath: limited.url, numberOfApiCallRetries: 3 });
    const page = await patient.crm.contacts.basicApi.getPage(1);
    assert.deepEqual(page.results, []);
  } finally {
    await limited.stop();
  }
});
