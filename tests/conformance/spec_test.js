'use strict';
// Every endpoint of hs-sandbox, in success and in failure, through the proxy that checks both sides against HubSpot's API description.
// SPEC_BUNDLE: the description; SPEC_API: v3 or 2026-03, the form of the paths in it.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { startChecker, startSandbox } = require('./servers.js');

const { SPEC_API, SPEC_BUNDLE } = process.env;
const DUE = '2026-01-05T09:00:00.000Z';
const isDated = SPEC_API !== 'v3';

// The same calls under both versions: the version moved behind the API's name.
const paths = isDated
  ? {
      objects: `/crm/objects/${SPEC_API}`,
      links: `/crm/objects/${SPEC_API}`,
      associations: `/crm/associations/${SPEC_API}`,
      properties: `/crm/properties/${SPEC_API}`,
      owners: `/crm/owners/${SPEC_API}`,
      account: `/account-info/${SPEC_API}`,
    }
  : {
      objects: '/crm/v3/objects',
      links: '/crm/v4/objects',
      associations: '/crm/v4/associations',
      properties: '/crm/v3/properties',
      owners: '/crm/v3/owners',
      account: '/account-info/v3',
    };
const ARCHIVED = isDated ? 200 : 204; // of associations: the two versions differ

// What each type needs on creation; `change` is a property to set afterwards.
const types = {
  contacts: { make: (n) => ({ email: `spec${n}@example.example`, firstname: 'Zoë' }), change: { city: '東京' }, sort: 'createdate' },
  companies: { make: (n) => ({ name: `Spec ${n}`, domain: `spec${n}.example` }), change: { city: 'Łódź' }, sort: 'createdate' },
  tasks: { make: (n) => ({ hs_timestamp: DUE, hs_task_subject: `Spec ${n}`, hs_task_status: 'NOT_STARTED' }), change: { hs_task_status: 'COMPLETED' }, sort: 'hs_timestamp' },
  notes: { make: (n) => ({ hs_timestamp: DUE, hs_note_body: `<p>Spec ${n}</p>` }), change: { hs_note_body: 'changed' }, sort: 'hs_timestamp' },
  emails: { make: (n) => ({ hs_timestamp: DUE, hs_email_direction: 'EMAIL', hs_email_subject: `Spec ${n}` }), change: { hs_email_status: 'SENT' }, sort: 'hs_timestamp' },
};

let sandbox;
let checker;
let number = 0;

// One call through the proxy: its status must be the expected one, and neither side may have broken the description.
async function call(method, path, { body, status, token = sandbox.token, through = checker } = {}) {
  const before = through.violations.length;
  const response = await fetch(through.url + path, {
    method,
    headers: { accept: 'application/json', authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const violations = through.violations.slice(before);
  assert.deepEqual(violations, [], `${method} ${path}\n${JSON.stringify(violations, null, 1)}`);
  assert.equal(response.status, status, `${method} ${path}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}

const get = (path, status = 200) => call('GET', path, { status });
const post = (path, body, status = 200) => call('POST', path, { body, status });

before(async () => {
  assert.ok(SPEC_API && SPEC_BUNDLE, 'SPEC_API and SPEC_BUNDLE are set');
  sandbox = await startSandbox('--demo', '--rate', '0', '--search-rate', '0');
  checker = await startChecker(SPEC_BUNDLE, sandbox.url);
});
after(async () => {
  if (checker) await checker.stop();
  if (sandbox) await sandbox.stop();
});

for (const [type, { make, change, sort }] of Object.entries(types)) {
  const path = `${paths.objects}/${type}`;
  const create = async () => (await post(path, { properties: make(++number), associations: [] }, 201)).id;
  const names = Object.keys(make(0)).join(',');

  describe(type, () => {
    test('one object', async () => {
      const made = await post(path, { properties: make(++number), associations: [] }, 201);
      await get(`${path}/${made.id}`);
      await get(`${path}/${made.id}?properties=${names}&associations=contacts,companies&archived=false`);
      await get(`${path}/${made.id}?properties=${Object.keys(make(0))[0]}&properties=hs_object_id`);
      await get(`${path}/${made.id}?propertiesWithHistory=${names}`);
      await call('PATCH', `${path}/${made.id}`, { body: { properties: change }, status: 200 });
      const read = await get(`${path}/${made.id}?properties=${Object.keys(change)[0]}`);
      assert.equal(read.properties[Object.keys(change)[0]], Object.values(change)[0]);
      await call('DELETE', `${path}/${made.id}`, { status: 204 });
      await get(`${path}/${made.id}`, 404);
      await get(`${path}/${made.id}?archived=true`);
      await call('PATCH', `${path}/999999999`, { body: { properties: change }, status: 404 });
    });

    test('one object refused', async () => {
      await post(path, { properties: { ...make(++number), no_such_property: '1' }, associations: [] }, 400);
      await post(path, { properties: { ...make(++number), hubspot_owner_id: 'nobody' }, associations: [] }, 400);
      await call('PATCH', `${path}/${await create()}`, { body: { properties: { hs_object_id: '1' } }, status: 400 });
      await call('GET', path, { status: 401, token: 'wrong' });
    });

    test('a list and its pages', async () => {
      for (let i = 0; i < 3; i++) await create();
      const first = await get(`${path}?limit=2&properties=${names}&associations=contacts`);
      assert.equal(first.results.length, 2);
      await get(`${path}?limit=2&after=${encodeURIComponent(first.paging.next.after)}`);
      await get(path);
      await get(`${path}?archived=true`);
      await get(`${path}?limit=101`, 400);
    });

    test('search', async () => {
      const filter = (propertyName, operator, rest) => ({ filterGroups: [{ filters: [{ propertyName, operator, ...rest }] }], properties: Object.keys(make(0)), sorts: [], limit: 3 });
      for (const request of [
        { filterGroups: [], sorts: [], properties: [], limit: 2 },
        { filterGroups: [], sorts: [{ propertyName: sort, direction: 'DESCENDING' }], properties: [], limit: 2, after: '1' },
        { query: 'spec', limit: 200 },
        filter('hs_object_id', 'GT', { value: '0' }),
        filter('hs_object_id', 'IN', { values: ['1', '2'] }),
        filter('hs_object_id', 'BETWEEN', { value: '1', highValue: '5' }),
        filter(sort, 'HAS_PROPERTY', {}),
        filter(Object.keys(change)[0], 'NOT_HAS_PROPERTY', {}),
        filter(Object.keys(make(0))[1], 'CONTAINS_TOKEN', { value: 'spec*' }),
        filter(Object.keys(make(0))[1], 'NEQ', { value: 'none' }),
      ]) {
        const answer = await post(`${path}/search`, request);
        assert.equal(typeof answer.total, 'number');
      }
      await post(`${path}/search`, filter('no_such_property', 'EQ', { value: '1' }), 400);
      await post(`${path}/search`, { filterGroups: [], limit: 201 }, 400);
      await post(`${path}/search`, { filterGroups: [], limit: 200, after: '10000' }, 400);
    });

    test('batches', async () => {
      const made = await post(`${path}/batch/create`, { inputs: [1, 2, 3].map(() => ({ properties: make(++number), associations: [] })) }, 201);
      const ids = made.results.map((object) => object.id);
      const read = (list) => ({ inputs: list.map((id) => ({ id })), properties: Object.keys(make(0)), propertiesWithHistory: [] });
      await post(`${path}/batch/read`, read(ids));
      await post(`${path}/batch/read`, read([ids[0], '999999997']), 207);
      await post(`${path}/batch/read`, { ...read(ids), propertiesWithHistory: Object.keys(make(0)) });
      await post(`${path}/batch/update`, { inputs: ids.map((id) => ({ id, properties: change })) });
      await post(`${path}/batch/archive`, { inputs: [{ id: ids[0] }] }, 204);
      const traced = [
        { objectWriteTraceId: 'good', properties: make(++number), associations: [] },
        { objectWriteTraceId: 'bad', properties: { ...make(++number), no_such_property: '1' }, associations: [] },
      ];
      const partly = await post(`${path}/batch/create`, { inputs: traced }, 207);
      assert.equal(partly.results.length, 1);
      await post(
        `${path}/batch/update`,
        { inputs: [{ objectWriteTraceId: 'a', id: ids[1], properties: change }, { objectWriteTraceId: 'b', id: '999999997', properties: change }] },
        207,
      );
    });

    test('batches refused', async () => {
      const id = await create();
      await post(`${path}/batch/create`, { inputs: [{ properties: { ...make(++number), no_such_property: '1' }, associations: [] }] }, 400);
      await post(`${path}/batch/update`, { inputs: [{ id, properties: change }, { id, properties: change }] }, 400);
      await post(`${path}/batch/read`, { inputs: Array.from({ length: 101 }, (_, i) => ({ id: String(i + 1) })), properties: [], propertiesWithHistory: [] }, 400);
      await call('POST', `${path}/batch/read`, { body: { inputs: [{ id }], properties: [], propertiesWithHistory: [] }, status: 401, token: 'wrong' });
    });
  });
}

test('contacts are unique by e-mail, and upserted by it', async () => {
  const path = `${paths.objects}/contacts`;
  const email = `unique${++number}@example.example`;
  const upsert = (address) => ({ id: address, idProperty: 'email', properties: { email: address, city: 'Oslo' } });
  await post(path, { properties: { email }, associations: [] }, 201);
  await post(path, { properties: { email }, associations: [] }, 409);
  await post(`${path}/batch/create`, { inputs: [{ properties: { email }, associations: [] }] }, 409);
  await post(`${path}/batch/create`, { inputs: [{ objectWriteTraceId: 'x', properties: { email }, associations: [] }, { objectWriteTraceId: 'y', properties: { email: `other${number}@example.example` }, associations: [] }] }, 207);
  const answer = await post(`${path}/batch/upsert`, { inputs: [upsert(email), upsert(`new-${email}`)] });
  assert.deepEqual(answer.results.map((contact) => contact.new).sort(), [false, true]);
  await get(`${path}/${encodeURIComponent(email)}?idProperty=email`);
  await call('PATCH', `${path}/${encodeURIComponent(email)}?idProperty=email`, { body: { properties: { city: 'Bern' } }, status: 200 });
  await post(`${path}/batch/read`, { inputs: [{ id: email }], idProperty: 'email', properties: ['email'], propertiesWithHistory: [] });
  await post(`${paths.objects}/companies/batch/upsert`, { inputs: [{ id: 'a.example', idProperty: 'domain', properties: { domain: 'a.example' } }] }, 400);
});

test('associations', async () => {
  const make = async (type) => (await post(`${paths.objects}/${type}`, { properties: types[type].make(++number), associations: [] }, 201)).id;
  const [contact, other, company] = [await make('contacts'), await make('contacts'), await make('companies')];
  const types204 = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 204 }];
  const task = (await post(`${paths.objects}/tasks`, { properties: types.tasks.make(++number), associations: [{ to: { id: contact }, types: types204 }] }, 201)).id;
  const between = (from, to) => `${paths.associations}/${from}/${to}`;
  const linked = `${paths.links}/tasks/${task}/associations`;

  await get(`${paths.objects}/tasks/${task}?associations=contacts`);
  await get(`${paths.objects}/contacts/${contact}?associations=tasks,companies`);
  await get(`${linked}/contacts`);
  await get(`${linked}/contacts?limit=500`);
  await get(`${linked}/companies`);
  await get(`${paths.links}/tasks/999999996/associations/contacts`, 404);
  await call('PUT', `${paths.links}/tasks/${task}/associations/default/companies/${company}`, { status: 200 });
  await call('PUT', `${linked}/contacts/${other}`, { body: types204, status: 201 });
  await call('DELETE', `${linked}/contacts/${other}`, { status: 204 });

  await post(`${between('tasks', 'contacts')}/batch/create`, { inputs: [{ from: { id: task }, to: { id: other }, types: types204 }] }, 201);
  await post(`${between('tasks', 'contacts')}/batch/read`, { inputs: [{ id: task }] });
  await post(`${between('tasks', 'contacts')}/batch/read`, { inputs: [{ id: task }, { id: '999999996' }] }, 207);
  await post(`${between('tasks', 'contacts')}/batch/labels/archive`, { inputs: [{ from: { id: task }, to: { id: other }, types: types204 }] }, ARCHIVED);
  await post(`${between('tasks', 'contacts')}/batch/create`, { inputs: [{ from: { id: task }, to: { id: other }, types: types204 }] }, 201);
  await post(`${between('tasks', 'contacts')}/batch/archive`, { inputs: [{ from: { id: task }, to: [{ id: other }] }] }, ARCHIVED);
  await post(`${between('contacts', 'companies')}/batch/associate/default`, { inputs: [{ from: { id: contact }, to: { id: company } }] });
  await get(`${between('contacts', 'companies')}/labels`.replace('/crm/v4/associations', '/crm/associations/v4'));
  await call('POST', `${between('tasks', 'contacts')}/batch/read`, { body: { inputs: [{ id: task }] }, status: 401, token: 'wrong' });
});

test('association labels', async () => {
  const labels = `${paths.associations}/contacts/companies/labels`.replace('/crm/v4/associations', '/crm/associations/v4');
  const make = async (type) => (await post(`${paths.objects}/${type}`, { properties: types[type].make(++number), associations: [] }, 201)).id;
  const { results } = await post(labels, { name: 'works_for', label: 'Employee', inverseLabel: 'Employer' });
  const own = [{ associationCategory: 'USER_DEFINED', associationTypeId: results[0].typeId }];
  const company = await make('companies');
  const contact = (await post(`${paths.objects}/contacts`, { properties: types.contacts.make(++number), associations: [{ to: { id: company }, types: own }] }, 201)).id;
  const { results: linked } = await get(`${paths.links}/contacts/${contact}/associations/companies`);
  assert.deepEqual(linked[0].associationTypes.map((type) => type.label), ['Employee', null]);
  await call('PUT', `${paths.links}/contacts/${contact}/associations/companies/${company}`, { body: own, status: 201 });
  await get(labels);
  await call('PUT', labels, { body: { associationTypeId: results[0].typeId, label: 'Colleague' }, status: 204 });
  await post(`${paths.associations}/contacts/companies/batch/labels/archive`, { inputs: [{ from: { id: contact }, to: { id: company }, types: own }] }, ARCHIVED);
  await post(labels, { name: 'works_for', label: 'Employee' }, 400);
  await call('DELETE', `${labels}/${results[0].typeId}`, { status: 204 });
  await call('DELETE', `${labels}/${results[0].typeId}`, { status: 404 });
});

test('properties and groups', async () => {
  for (const type of Object.keys(types)) {
    const path = `${paths.properties}/${type}`;
    const all = await get(path);
    assert.ok(all.results.length > 5);
    await get(`${path}/${all.results[0].name}`);
    await get(`${path}/none_of_these`, 404);
    const groups = await get(`${path}/groups`);
    assert.ok(groups.results.length > 0);
    await get(`${path}/groups/${groups.results[0].name}`);
    const group = `spec_${type}`;
    await post(`${path}/groups`, { name: group, label: 'Spec', displayOrder: -1 }, 201);
    await post(`${path}/groups`, { name: group, label: 'Spec', displayOrder: -1 }, 409);
    const text = { name: 'spec_text', label: 'Text', type: 'string', fieldType: 'text', groupName: group };
    const unique = { ...text, name: 'spec_key', label: 'Key', hasUniqueValue: true };
    const choice = { ...text, name: 'spec_choice', label: 'Choice', type: 'enumeration', fieldType: 'select', options: ['A', 'B'].map((value, displayOrder) => ({ label: value, value, displayOrder, hidden: false })) };
    await post(path, text, 201);
    await post(path, text, 409);
    await post(path, { ...text, name: 'spec_other', groupName: 'none_of_these' }, 400);
    await post(`${path}/batch/create`, { inputs: [unique, choice] }, 201);
    await post(`${path}/batch/read`, { archived: false, inputs: [{ name: 'spec_key' }, { name: 'spec_choice' }] });
    await get(`${path}/spec_choice`);
    await call('PATCH', `${path}/spec_text`, { body: { label: 'Changed', description: 'as asked' }, status: 200 });
    assert.equal((await get(`${path}/spec_text`)).label, 'Changed');
    await call('PATCH', `${path}/none_of_these`, { body: { label: 'Changed' }, status: 404 });
    await call('DELETE', `${path}/spec_text`, { status: 204 });
    await get(`${path}/spec_text`, 404);
    await post(`${path}/batch/create`, { inputs: [{ ...text, name: 'spec_gone' }] }, 201);
    await post(`${path}/batch/archive`, { inputs: [{ name: 'spec_gone' }] }, 204);
    await get(`${path}/spec_gone`, 404);
    await post(`${path}/groups`, { name: `${group}_gone`, label: 'Gone', displayOrder: -1 }, 201);
    await call('PATCH', `${path}/groups/${group}_gone`, { body: { label: 'Going' }, status: 200 });
    await call('DELETE', `${path}/groups/${group}_gone`, { status: 204 });
    await get(`${path}/groups/${group}_gone`, 404);
    const object = { ...types[type].make(++number), spec_key: 'k1', spec_choice: 'A' };
    const made = await post(`${paths.objects}/${type}`, { properties: object, associations: [] }, 201);
    await get(`${paths.objects}/${type}/k1?idProperty=spec_key`);
    await post(`${paths.objects}/${type}`, { properties: { ...types[type].make(++number), spec_key: 'k1' }, associations: [] }, 409);
    await call('PATCH', `${paths.objects}/${type}/${made.id}`, { body: { properties: { spec_choice: 'C' } }, status: 400 });
    const upserted = await post(`${paths.objects}/${type}/batch/upsert`, { inputs: ['k1', 'k2'].map((id) => ({ id, idProperty: 'spec_key', properties: { ...types[type].make(++number), spec_key: id } })) });
    assert.equal(upserted.results.length, 2);
  }
});

test('owners and account', async () => {
  const page = await get(`${paths.owners}?limit=1`);
  assert.equal(page.results.length, 1);
  await get(`${paths.owners}?limit=1&after=${encodeURIComponent(page.paging.next.after)}`);
  await get(`${paths.owners}/`);
  await get(`${paths.owners}?email=ai-agents%40leadpipe.example`);
  await get(`${paths.owners}/${page.results[0].id}`);
  await get(`${paths.owners}/999999`, 404);
  await get(`${paths.account}/details`);
  await get(`${paths.account}/api-usage/daily/private-apps`);
  await call('GET', `${paths.account}/details`, { status: 401, token: 'wrong' });
});

test('limits, scopes and failures answer as described', async () => {
  for (const [options, method, path, body, status] of [
    [['--rate', '1'], 'GET', `${paths.objects}/contacts`, undefined, 429],
    [['--daily', '1'], 'GET', `${paths.objects}/contacts`, undefined, 429],
    [['--rate', '0', '--search-rate', '1'], 'POST', `${paths.objects}/contacts/search`, { filterGroups: [], limit: 1 }, 429],
  ]) {
    const limited = await startSandbox(...options);
    const through = await startChecker(SPEC_BUNDLE, limited.url);
    try {
      await call(method, path, { body, status: 200, through });
      await call(method, path, { body, status, through });
    } finally {
      await through.stop();
      await limited.stop();
    }
  }
  const narrow = await startSandbox('--scopes', 'oauth');
  const through = await startChecker(SPEC_BUNDLE, narrow.url);
  try {
    await call('GET', `${paths.objects}/contacts`, { status: 403, through });
  } finally {
    await through.stop();
    await narrow.stop();
  }
});
