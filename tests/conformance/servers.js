'use strict';
// The two servers that the conformance tests talk to, each on a free port of 127.0.0.1: hs-sandbox, and a proxy that holds every request and answer
// against an API description (Stoplight's prism).

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');

const SANDBOX = path.join(process.env.LEADPIPE_BUILD || path.join(__dirname, '..', '..', 'build'), 'bin', 'hs-sandbox');
const TOKEN = 'conformance-token';
const START_MS = 60000;

// Resolves with the match of `ready` in what the child prints; rejects with its output when it ends first.
function whenReady(child, ready) {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`not ready after ${START_MS} ms: ${text}`)), START_MS);
    const take = (chunk) => {
      text += chunk;
      const match = text.match(ready);
      if (match) {
        clearTimeout(timer);
        resolve(match);
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`${child.spawnfile} ended with ${code ?? signal}: ${text}`)));
  });
}

function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code));
    child.kill('SIGTERM');
  });
}

// An hs-sandbox with an empty portal unless --demo is among the options.
async function startSandbox(...options) {
  const child = spawn(SANDBOX, ['--port', '0', '--token', TOKEN, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [, url] = await whenReady(child, /(http:\/\/127\.0\.0\.1:\d+)/);
  return { url, token: TOKEN, stop: () => stopChild(child) };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function startPrism(description, upstream) {
  const script = path.join(path.dirname(require.resolve('@stoplight/prism-cli/package.json')), 'dist', 'index.js');
  const port = await freePort();
  const args = [script, 'proxy', '-h', '127.0.0.1', '-p', String(port), '--errors', description, upstream];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
  await whenReady(child, /Prism is listening/);
  return { port, stop: () => stopChild(child) };
}

// What prism says of its own, and no server behind it: a type of this kind. Anything else came from upstream.
function violationOf(status, contentType, body) {
  if (status < 400 || !/problem\+json/.test(contentType || '')) return null;
  let said;
  try {
    said = JSON.parse(body);
  } catch {
    return null;
  }
  return /stoplight\.io\/prism/.test(said.type || '') ? said : null;
}

// A proxy in front of prism that passes everything on and keeps what prism complained about, with the request that caused it: prism's own log names
// neither. violations: [{ method, path, status, type, validation }].
async function startChecker(description, upstream, onViolation = () => {}) {
  const prism = await startPrism(description, upstream);
  const checker = { calls: 0, violations: [] };
  const server = http.createServer((request, response) => {
    checker.calls++;
    const headers = { ...request.headers, accept: 'application/json' };
    const onward = http.request({ host: '127.0.0.1', port: prism.port, method: request.method, path: request.url, headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        const said = violationOf(answer.statusCode, answer.headers['content-type'], body);
        if (said) {
          const violation = { method: request.method, path: request.url, status: said.status, type: said.type.replace(/.*#/, ''), validation: said.validation || said.detail };
          checker.violations.push(violation);
          onViolation(violation);
        }
        const kept = { ...answer.headers };
        delete kept['transfer-encoding'];
        response.writeHead(answer.statusCode, { ...kept, 'content-length': body.length });
        response.end(body);
      });
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.keepAliveTimeout = 60000;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  checker.url = `http://127.0.0.1:${server.address().port}`;
  checker.stop = async () => {
    server.close();
    if (server.closeAllConnections) server.closeAllConnections();
    await prism.stop();
  };
  return checker;
}

module.exports = { TOKEN, startSandbox, startChecker };

// node servers.js DESCRIPTION UPSTREAM REPORT: the checking proxy by itself. Its first line is its address; violations go to REPORT, a JSON line each;
// SIGTERM ends it with the number of calls on stdout and status 1 when there were violations.
async function main([description, upstream, report]) {
  fs.writeFileSync(report, '');
  const checker = await startChecker(description, upstream, (violation) => fs.appendFileSync(report, JSON.stringify(violation) + '\n'));
  console.log(checker.url);
  process.on('SIGTERM', async () => {
    await checker.stop();
    console.log(`${checker.calls} calls, ${checker.violations.length} violations`);
    process.exit(checker.violations.length > 0 || checker.calls === 0 ? 1 : 0);
  });
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exit(2);
  });
}
