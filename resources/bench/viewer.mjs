/**
 * @file How quickly a large film is on the screen, and how smoothly it is zoomed, dragged and windowed: the real server, a real Chromium.
 *   node resources/bench/viewer.mjs WORK [FILMS]
 * WORK is a folder for made films (5000 × 4000, 12 of 16 bits, each with pixels of its own; kept for the next time) and a library, which is
 * made anew. The window must have been built. Every film is opened once, by a click on its thumbnail, by a server that was started after
 * the import: nothing is in memory. Prints one JSON line.
 */
/* global document, window, requestAnimationFrame, cancelAnimationFrame -- in the page */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { connectLoopback } from '../../main/node/loopback-client.ts';
import { tinyDicom } from '../../test/helpers/tiny-dicom.ts';
import { findBrowser, OFFLINE_SWITCHES } from '../setup/browser.mjs';
import { startServer } from '../setup/server.mjs';

const [work, count = '6'] = process.argv.slice(2);
if (work === undefined) {
  console.error('usage: node resources/bench/viewer.mjs WORK [FILMS]');
  process.exit(2);
}
const [ROWS, COLS] = [5000, 4000];
const FRAMES = 120;
const films = join(work, 'large-films');
mkdirSync(films, { recursive: true });
for (let index = 0; index < Number(count); index += 1) {
  const file = join(films, `large-${index}.dcm`);
  if (existsSync(file)) continue;
  let noise = index + 1;
  // two dark fields on a bright body, with noise: chest-like, and nothing that compresses to nothing
  const pixel = (row, col) => {
    const lung = Math.min(
      Math.hypot((col / COLS - 0.3) / 0.18, (row / ROWS - 0.5) / 0.35),
      Math.hypot((col / COLS - 0.7) / 0.18, (row / ROWS - 0.5) / 0.35),
    );
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    return Math.floor((lung < 1 ? 900 + 700 * lung : 2600) + (noise >>> 24));
  };
  writeFileSync(
    file,
    tinyDicom({
      rows: ROWS,
      cols: COLS,
      pixel,
      patientId: `P${index}`,
      view: 'PA',
      sopUid: `2.25.${index + 1}`,
    }),
  );
}

const library = join(work, 'viewer-library');
rmSync(library, { recursive: true, force: true });
const entry = fileURLToPath(new URL('../../main/node/server-main.ts', import.meta.url));
const begin = () => startServer(process.execPath, entry, ['--library', library, '--addresses', '2']);
const importing = await begin();
const host = await connectLoopback(importing.urls[1]);
const { importId } = await host.client.library.import({ paths: [films] });
for await (const { state, error } of await host.client.library.watchImport({ importId })) {
  if (error !== null) throw new Error(error.message);
  if (state !== 'running') break;
}
host.close();
await importing.stop();

const server = await begin();
const executablePath = findBrowser();
if (executablePath === null) throw new Error('Chromium, Chrome or Edge is needed.');
const browser = await chromium.launch({ executablePath, args: ['--disable-gpu', ...OFFLINE_SWITCHES] });
const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
page.setDefaultTimeout(60_000);
await page.goto(server.urls[0]);
await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Reading room' }).click();
await page.locator('[data-pixels="whole"]').waitFor();
const thumbnails = page.getByRole('button', { name: /^Film \d+ of/ });

/** From the click to the frame after the one that painted it, ms. In the page. */
const opening = (button) =>
  new Promise((resolve) => {
    const before = document.querySelector('[data-film]')?.getAttribute('data-film');
    const times = {};
    const start = performance.now();
    const look = () => {
      const view = document.querySelector('[data-film]');
      const pixels = view?.getAttribute('data-pixels');
      const isNew = ![before, ''].includes(view?.getAttribute('data-film') ?? '');
      const painted = (name) =>
        requestAnimationFrame(() => setTimeout(() => (times[name] ??= performance.now() - start)));
      if (isNew && (pixels === 'preview' || pixels === 'whole')) painted('shown');
      if (isNew && pixels === 'whole') painted('whole');
      if (times.shown !== undefined && times.whole !== undefined) resolve(times);
      else requestAnimationFrame(look);
    };
    button.click();
    look();
  });

const opened = [];
const shown = await thumbnails.count();
for (let at = 1; at < shown; at += 1)
  opened.push(await (await thumbnails.nth(at).elementHandle()).evaluate(opening));

/** Times between frames while `act` goes on, ms. */
async function frames(act) {
  await page.evaluate(() => {
    window.benchTimes = [];
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      window.benchTimes.push(now - last);
      last = now;
      window.benchFrame = requestAnimationFrame(tick);
    };
    window.benchFrame = requestAnimationFrame(tick);
  });
  await act();
  return await page.evaluate(() => {
    cancelAnimationFrame(window.benchFrame);
    return window.benchTimes.slice(1);
  });
}
const box = await page.locator('[data-film]').first().boundingBox();
const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
await page.mouse.move(x, y);
const drag = async (button) => {
  await page.mouse.move(x, y);
  await page.mouse.down({ button });
  for (let step = 0; step < FRAMES; step += 1)
    await page.mouse.move(x + 120 * Math.sin(step / 9), y + 80 * Math.cos(step / 7));
  await page.mouse.up({ button });
};
const idle = await frames(() => page.waitForTimeout(2000));
const wheel = await frames(async () => {
  for (let step = 0; step < FRAMES; step += 1) await page.mouse.wheel(0, step % 40 < 20 ? -60 : 60);
});
const left = await frames(() => drag('left'));
const middle = await frames(() => drag('middle'));
const right = await frames(() => drag('right'));
await browser.close();
await server.stop();

const at = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    Math.round(10 * (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)) /
    10
  );
};
const spread = (values) => ({
  n: values.length,
  median: at(values, 0.5),
  p95: at(values, 0.95),
  most: at(values, 1),
});
console.log(
  JSON.stringify({
    film: `${ROWS} × ${COLS}`,
    cores: cpus().length,
    load: Math.round(loadavg()[0] * 10) / 10,
    shownMs: spread(opened.map((one) => one.shown)),
    wholeMs: spread(opened.map((one) => one.whole)),
    frameMs: {
      idle: spread(idle),
      wheel: spread(wheel),
      leftDrag: spread(left),
      middleDrag: spread(middle),
      rightDrag: spread(right),
    },
  }),
);
