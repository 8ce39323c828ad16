import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "aws-amplify/auth/enable-oauth-listener";
import { App } from "./app";
import { Speaking } from "./language";
import { configure } from "./pool";
import { arrival } from "./route";
import "./style.css";

arrival(); // before Amplify looks at the address
configure();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Speaking>
      <App />
    </Speaking>
  </StrictMode>,
);
