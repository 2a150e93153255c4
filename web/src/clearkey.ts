/** Encrypted samples (cbcs, cenc) in hls.js: keys come from the service's ClearKey licences, through the browser's EME. */
import Hls, { type HlsConfig, type Loader, type PlaylistLoaderContext } from "hls.js";

/** EXT-X-KEY of samples for players that fetch the key itself. Where there is one, hls.js 1.7 looks at no other. */
const IDENTITY = /^#EXT-X-(?:SESSION-)?KEY:METHOD=SAMPLE-AES(?!.*KEYFORMAT=).*\n?/gm;

export function withoutIdentity(playlist: string): string {
  return playlist.replace(IDENTITY, "");
}

/** What a session is asked for by the key's id (W3C EME, "keyids" initialization data format). */
export function keyIdsRequest(keyId: Uint8Array): ArrayBuffer {
  const text = btoa(String.fromCharCode(...keyId));
  const kid = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return new TextEncoder().encode(JSON.stringify({ kids: [kid] })).buffer;
}

/** Options for a player of this multivariant playlist, encrypted or not. */
export function clearKey(playlist: string): Partial<HlsConfig> {
  const BaseLoader = Hls.DefaultConfig.loader as new (config: HlsConfig) => Loader<PlaylistLoaderContext>;
  class PlaylistLoader extends BaseLoader {
    override load(...[context, config, callbacks]: Parameters<Loader<PlaylistLoaderContext>["load"]>) {
      const onSuccess: typeof callbacks.onSuccess = (response, ...more) => {
        if (typeof response.data === "string") response.data = withoutIdentity(response.data);
        callbacks.onSuccess(response, ...more);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }
  }
  return {
    emeEnabled: true,
    pLoader: PlaylistLoader,
    drmSystems: {
      "org.w3.clearkey": {
        licenseUrl: new URL("license", new URL(playlist, location.href)).href,
        generateRequest(_type, _bytes, context) {
          const keyId = context.decryptdata.keyId;
          return keyId ? { initDataType: "keyids", initData: keyIdsRequest(keyId) } : undefined;
        },
      },
    },
  };
}
