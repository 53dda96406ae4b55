import IconCamera from "~icons/lucide/video";
import { definePage } from "@/page";

export default definePage({
  name: "cameras",
  title: { en: "Cameras", zh: "摄像头" },
  icon: IconCamera,
  order: 5,
  path: "/cameras",
  routes: [{ path: "/cameras", name: "cameras", component: () => import("./CamerasPage.vue") }],
  messages: { en: () => import("./en.json"), zh: () => import("./zh.json") },
  scope: "camera:view",
});
