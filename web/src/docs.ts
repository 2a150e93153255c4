/** The API's description, browsable: /openapi.json shown by Swagger UI. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  url: "/openapi.json",
  dom_id: "#content",
  deepLinking: true,
  // The service's own description is checked by its tests; no outside validator is asked.
  validatorUrl: null,
});
