// Players that nobody here wrote, each behind the same few verbs, and what a viewer does with all of them.
// A page has the player's own script before this one; `begin(name, url)` starts, `report` is there at its end.
"use strict";

const PATIENCE_MS = 90_000;
const MUST_SWITCH_TO = "de";

// What a video element says of itself: which of the faults of a player it is that a wait was too long.
function told(video) {
  const { currentTime, duration, paused, seeking, ended, readyState, buffered } = video;
  const ranges = Array.from({ length: buffered.length }, (_, index) => [buffered.start(index), buffered.end(index)]);
  return JSON.stringify({ currentTime, duration, paused, seeking, ended, readyState, ranges });
}

async function until(condition, what) {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end)
      throw new Error(`not in time: ${what}: ${[...document.querySelectorAll("video")].map(told).join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// What docs/encryption.md tells those who embed hls.js: it takes keys of samples from a licence server only.
function clearKey(licenseUrl) {
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes))
      .replace(/[+]/g, "-")
      .replace(/[/]/g, "_")
      .replace(/=+$/, "");
  const generateRequest = (_type, _bytes, { decryptdata }) => ({
    initDataType: "keyids",
    initData: new TextEncoder().encode(JSON.stringify({ kids: [base64url(decryptdata.keyId)] })).buffer,
  });
  class WithoutIdentity extends Hls.DefaultConfig.loader {
    load(context, config, callbacks) {
      const onSuccess = (response, ...more) => {
        response.data = response.data.replace(/^#EXT-X-(?:SESSION-)?KEY:METHOD=SAMPLE-AES(?!.*KEYFORMAT=).*\n/gm, "");
        callbacks.onSuccess(response, ...more);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }
  }
  return {
    emeEnabled: true,
    drmSystems: { "org.w3.clearkey": { licenseUrl, generateRequest } },
    pLoader: WithoutIdentity,
  };
}

const PLAYERS = {
  async "hls.js"(video, url, errors, license) {
    const hls = new Hls({
      enableWorker: false,
      ...(license ? clearKey(license) : {}),
    });
    // Stalls are those of a machine that does much at a time; hls.js gets over them by itself. "aborted": what it gave
    // up for a seek or another language.
    const harmless = new Set(["bufferStalledError", "bufferNudgeOnStall", "aborted"]);
    hls.on(Hls.Events.ERROR, (_, told) => {
      if (!harmless.has(told.details)) errors.push(told.details);
    });
    hls.loadSource(url);
    hls.attachMedia(video);
    await until(() => hls.audioTracks.length > 1, "audio tracks");
    window.hls = hls;
    return {
      languages: () => hls.audioTracks.map((track) => track.lang),
      language: () => hls.audioTracks[hls.audioTrack]?.lang,
      speak: (language) => (hls.audioTrack = hls.audioTracks.findIndex((track) => track.lang === language)),
      texts: () => hls.subtitleTracks.map((track) => track.lang),
      read: () => (hls.subtitleTrack = 0),
    };
  },

  async shaka(video, url, errors) {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.addEventListener("error", (event) => errors.push(`shaka ${event.detail.code} ${event.detail.data}`));
    const container = document.body.appendChild(document.createElement("div"));
    container.append(video);
    player.setVideoContainer(container);
    await player.attach(video);
    await player.load(url);
    return {
      languages: () => player.getAudioTracks().map((track) => track.language),
      language: () => player.getAudioTracks().find((track) => track.active)?.language,
      speak: (language) =>
        player.selectAudioTrack(player.getAudioTracks().find((track) => track.language === language)),
      texts: () => player.getTextTracks().map((track) => track.language),
      read: () => player.selectTextTrack(player.getTextTracks()[0]),
      shown: () => container.textContent.includes("On your marks"),
    };
  },

  async "dash.js"(video, url, errors) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    player.on("error", (event) => errors.push(`dash.js ${event.error?.code} ${event.error?.message}`));
    player.initialize(video, url, true);
    await until(() => player.isReady() && player.getTracksFor("audio").length > 1, "audio tracks");
    return {
      languages: () => player.getTracksFor("audio").map((track) => track.lang),
      language: () => player.getCurrentTrackFor("audio")?.lang,
      speak: (language) =>
        player.setCurrentTrack(player.getTracksFor("audio").find((track) => track.lang === language)),
      texts: () => player.getTracksFor("text").map((track) => track.lang),
      read: () => {
        player.enableText(true);
        player.setTextTrack(0);
      },
    };
  },

  async "video.js"(video, url, errors) {
    // Its own engine, as on every browser without a native HLS player that can be relied on.
    const html5 = {
      vhs: { overrideNative: true },
      nativeAudioTracks: false,
      nativeVideoTracks: false,
    };
    const player = videojs(video, {
      html5: { ...html5, nativeTextTracks: false },
    });
    player.on("error", () => errors.push(`video.js ${player.error()?.message}`));
    player.src({ src: url, type: "application/x-mpegURL" });
    const tracks = () => Array.from({ length: player.audioTracks().length }, (_, index) => player.audioTracks()[index]);
    const texts = () =>
      Array.from({ length: player.textTracks().length }, (_, index) => player.textTracks()[index]).filter(
        (track) => track.kind === "subtitles" || track.kind === "captions",
      );
    await until(() => tracks().length > 1, "audio tracks");
    return {
      languages: () => tracks().map((track) => track.language),
      language: () => tracks().find((track) => track.enabled)?.language,
      speak: (language) => tracks().forEach((track) => (track.enabled = track.language === language)),
      texts: () => texts().map((track) => track.language),
      read: () => (texts()[0].mode = "showing"),
      shown: () => texts().some((track) => track.activeCues?.length > 0),
    };
  },
};

async function plays(video, seconds) {
  const from = video.currentTime;
  await until(() => video.currentTime >= from + seconds || video.ended, `plays on from ${from} s`);
}

async function seek(video, time) {
  video.currentTime = time;
  await until(() => !video.seeking && video.readyState >= 3, `a picture at ${time} s`);
}

// Mean brightness of what is shown, 0 to 255.
function brightness(video) {
  const canvas = new OffscreenCanvas(16, 16).getContext("2d");
  canvas.drawImage(video, 0, 0, 16, 16);
  const { data } = canvas.getImageData(0, 0, 16, 16);
  return data.reduce((sum, value, index) => (index % 4 === 3 ? sum : sum + value), 0) / (3 * 256);
}

async function watch(name, url) {
  const errors = [];
  const player = await PLAYERS[name](document.querySelector("video"), url, errors);
  const video = document.querySelector("video");
  const shown = player.shown ?? (() => [...video.textTracks].some((track) => track.activeCues?.length > 0));
  video.muted = true;
  await video.play();
  await plays(video, 0.5);
  // Before the jump: Shaka Player 5.2 learns where text belongs from the next pictures that it fetches.
  player.read();
  const middle = video.duration / 2;
  await seek(video, middle);
  const seen = { at: video.currentTime, brightness: brightness(video) };
  player.speak(MUST_SWITCH_TO);
  await until(() => player.language() === MUST_SWITCH_TO, "the other language");
  // On a busy machine the text may come when the clip is over.
  video.pause();
  await until(shown, "a caption");
  await video.play();
  await plays(video, 0.5);
  await seek(video, video.duration - 1.5);
  await until(() => video.ended, "the end");
  return {
    errors,
    seen,
    languages: [...player.languages()],
    texts: [...player.texts()],
    duration: video.duration,
    end: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  };
}

// hls.js: a jump while the pictures of segment `number` and its key are on their way, and its sound is there. `letGo` is
// called when both have been asked for and the jump has begun.
async function jumpsBeforeAKey(url, number) {
  const errors = [];
  const video = document.querySelector("video");
  await PLAYERS["hls.js"](video, url, errors);
  const asked = new Set();
  window.hls.on(Hls.Events.FRAG_LOADING, (_, { frag }) => asked.add(`${frag.type} ${frag.sn}`));
  const sound = () => performance.getEntriesByType("resource").some(({ name }) => name.endsWith(`/a1-1/${number}.m4s`));
  video.muted = true;
  await video.play();
  await until(() => asked.has(`main ${number}`) && asked.has(`audio ${number}`) && sound(), `segment ${number}`);
  video.currentTime = video.duration - 1.5;
  await new Promise((resolve) => video.addEventListener("seeking", resolve, { once: true }));
  await letGo();
  await until(() => video.ended, "the end");
  return { errors, end: video.currentTime };
}

// The same of encrypted media, of which a canvas sees nothing: it ends with the picture of the middle on the screen.
async function listen(name, url, license) {
  const errors = [];
  const video = document.querySelector("video");
  const player = await PLAYERS[name](video, url, errors, license);
  video.muted = true;
  await video.play();
  await plays(video, 0.5);
  await seek(video, video.duration / 2);
  player.speak(MUST_SWITCH_TO);
  await until(() => player.language() === MUST_SWITCH_TO, "the other language");
  await plays(video, 0.5);
  await seek(video, video.duration - 1.5);
  await until(() => video.ended, "the end");
  await seek(video, video.duration / 2);
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  return { errors, frames, languages: [...player.languages()] };
}

// A player that gets no key: what it says, and how far it comes.
async function fails(name, url, license) {
  const errors = [];
  const video = document.querySelector("video");
  video.muted = true;
  video.autoplay = true;
  PLAYERS[name](video, url, errors, license).catch((error) => errors.push(String(error)));
  await until(() => errors.length > 0, "an error");
  return { errors, time: video.currentTime };
}

// hls.js 1.7.4 may leave the first jump back over a gap unfinished ("EOS cancelled"): as a pointer does that moves on,
// it is asked again.
async function shows(player, preview, time) {
  let asked = -Infinity;
  await until(() => {
    if (performance.now() > asked + 500) {
      asked = performance.now();
      player.loadMediaAt(time, { seekOnAppend: true });
    }
    return Math.abs(preview.currentTime - time) < 2 && !preview.seeking && preview.readyState >= 2;
  }, `the picture of ${time} s`);
}

// hls.js: pictures of an I-frame playlist in a video element of its own, while a pointer moves along the bar.
async function scrub(url, times) {
  const errors = [];
  const whole = document.querySelector("video");
  await PLAYERS["hls.js"](whole, url, errors);
  await until(() => whole.readyState >= 2, "the main picture");
  const preview = document.createElement("video");
  document.body.append(preview);
  const player = window.hls.createIFramePlayer({ capLevelToPlayerSize: false });
  player.on(Hls.Events.ERROR, (_, told) => errors.push(told.details));
  player.attachMedia(preview);
  await until(() => preview.readyState >= 0 && preview.src, "the preview's media source");
  const pictures = [];
  for (const time of times) {
    await shows(player, preview, time);
    pictures.push({
      time,
      at: preview.currentTime,
      brightness: brightness(preview),
      width: preview.videoWidth,
    });
  }
  return {
    errors,
    pictures,
    variants: window.hls.iframeVariants.map((variant) => variant.url),
  };
}

// Started without waiting, so that all pages run at a time.
function begin(promise) {
  window.report = promise.catch((error) => ({
    failed: String(error?.stack ?? error),
  }));
}
