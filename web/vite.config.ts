import { defineConfig } from "vite";

// Three pages; everything they load lies under /static/ with a hash in its name, so it can be cached for ever.
export default defineConfig({
  build: {
    assetsDir: "static",
    target: "es2022",
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: ["index.html", "studio.html", "docs.html"] },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/v": "http://127.0.0.1:8080" } },
});
