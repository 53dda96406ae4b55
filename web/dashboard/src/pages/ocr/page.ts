import IconOcr from "~icons/lucide/scan-text";
import { definePage } from "@/page";

export default definePage({
  name: "ocr",
  title: { en: "OCR", zh: "文字识别" },
  icon: IconOcr,
  order: 4,
  path: "/ocr",
  routes: [
    { path: "/ocr", name: "ocr", component: () => import("./OcrPage.vue") },
    { path: "/ocr/:id(\\d+)", name: "ocr.one", component: () => import("./OcrTaskPage.vue") },
  ],
  messages: { en: () => import("./en.json"), zh: () => import("./zh.json") },
});
