// One of the scenarios of scenarios.json against a model API. `modelyard loadtest` runs it; so does k6 alone:
//
//   k6 run -e TARGET=http://127.0.0.1:8080 -e SCENARIO=sentiment loadtest/k6/predict.js
//
// TARGET     where the API is; /predict is added
// SCENARIO   a name of scenarios.json
// SHORT      1: its short form
// CACHE_RATE share of the requests whose item was asked before; without it the scenario's
// HOST       a Host header, for a gateway
// TOKEN      a bearer token, where the API wants one
// TEXTS      a file with a text a line, or URLS with an address of a picture a line; `{n}` in one becomes a number
// PICTURES   files with pictures, with commas between them
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';

import { drawnPicture, drawnText } from './drawn.js';

const HOT = 10; // Items that are asked again and again.

const scenario = JSON.parse(open('./scenarios.json'))[__ENV.SCENARIO || 'sentiment'];
if (!scenario) {
  throw new Error(`SCENARIO ${__ENV.SCENARIO}: not in scenarios.json`);
}
if (!__ENV.TARGET) {
  throw new Error('TARGET is missing: the address of the API, as in -e TARGET=http://127.0.0.1:8080');
}
const stages = __ENV.SHORT === '1' ? scenario.short : scenario.stages;
const cacheRate = __ENV.CACHE_RATE ? Number(__ENV.CACHE_RATE) : scenario.cacheRate;
const lines = (name) => open(name).split('\n').map((line) => line.trim()).filter((line) => line);
const texts = __ENV.TEXTS ? lines(__ENV.TEXTS) : null;
const addresses = __ENV.URLS ? lines(__ENV.URLS) : null;
const pictures = __ENV.PICTURES ? __ENV.PICTURES.split(',').map((name) => open(name, 'b')) : null;

const items = new Counter('items');
const cachedItems = new Counter('cached_items');

export const options = {
  scenarios: {
    load: {
      executor: 'ramping-vus',
      startVUs: scenario.start,
      stages: stages.map((stage) => ({ duration: `${stage.seconds}s`, target: stage.users })),
      gracefulRampDown: '30s',
    },
  },
  thresholds: scenario.thresholds,
  summaryTrendStats: ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
  userAgent: 'modelyard-loadtest',
};

const ends = [];
stages.reduce((sum, stage) => {
  ends.push(sum + stage.seconds * 1000);
  return sum + stage.seconds * 1000;
}, 0);

// One of the hot items, or one that nobody has asked before.
function number() {
  const hot = Math.random() < cacheRate;
  return { hot, n: hot ? Math.floor(Math.random() * HOT) : HOT + Math.floor(Math.random() * 1e15) };
}

function textBody({ hot, n }) {
  const text = texts === null ? drawnText(n) : texts[n % texts.length];
  return [JSON.stringify({ text: [hot || texts === null ? text : `${text} ${n}`] }), 'application/json'];
}

function addressBody({ n }) {
  return [JSON.stringify({ image: [addresses[n % addresses.length].replace('{n}', n)] }), 'application/json'];
}

function pictureBody({ hot, n }) {
  if (pictures === null) {
    return [drawnPicture(n), 'image/bmp'];
  }
  const file = pictures[n % pictures.length];
  if (hot) {
    return [file, 'application/octet-stream'];
  }
  // Bytes after a picture's end leave it as it is, and its file is another one for a cache.
  const bytes = new Uint8Array(file.byteLength + 8);
  bytes.set(new Uint8Array(file));
  new DataView(bytes.buffer).setFloat64(file.byteLength, n);
  return [bytes.buffer, 'application/octet-stream'];
}

const bodyOf = addresses !== null ? addressBody : scenario.payload === 'text' ? textBody : pictureBody;

export default function predict() {
  const elapsed = Date.now() - exec.scenario.startTime;
  const stage = ends.findIndex((end) => elapsed < end);
  exec.vu.metrics.tags.stage = String(stage < 0 ? ends.length - 1 : stage);
  const [body, type] = bodyOf(number());
  const headers = { 'Content-Type': type };
  if (__ENV.HOST) {
    headers.Host = __ENV.HOST;
  }
  if (__ENV.TOKEN) {
    headers.Authorization = `Bearer ${__ENV.TOKEN}`;
  }
  const answer = http.post(`${__ENV.TARGET}/predict`, body, { headers, timeout: '30s' });
  const right = check(answer, {
    'a prediction came': (it) => it.status === 200 && it.body.startsWith('{"predictions":['),
  });
  if (answer.status === 0) {
    sleep(1); // Nobody is there: what a user would do, and the log stays readable.
  }
  if (right) {
    items.add(1);
    cachedItems.add(Number(answer.headers['X-Modelyard-Cached'] || 0));
  }
  if (scenario.pause) {
    sleep(scenario.pause);
  }
}
