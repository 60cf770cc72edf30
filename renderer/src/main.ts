/** @file Starts the window: state first, then the frame. */
import { mount } from 'svelte';

import Root from './Root.svelte';
import { App } from './state/app.ts';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');

const app = new App();
const closing = new AbortController();
app.start(closing.signal);
window.addEventListener('pagehide', () => closing.abort());
mount(Root, { target, props: { app } });
