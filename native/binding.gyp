{
  "targets": [
    {
      "target_name": "bindings",
      "sources": [
        "src/addon.cc",
        "src/args.cc",
        "src/capabilities.cc",
        "src/clsact.cc",
        "src/error.cc",
        "src/ethtool.cc",
        "src/handle.cc",
        "src/inspect.cc",
        "src/interfaces.cc",
        "src/kept.cc",
        "src/link.cc",
        "src/load.cc",
        "src/map.cc",
        "src/map_batch.cc",
        "src/map_memory.cc",
        "src/netdev.cc",
        "src/netlink.cc",
        "src/network.cc",
        "src/open.cc",
        "src/parallel.cc",
        "src/program.cc",
        "src/ring_buffer.cc",
        "src/system.cc",
        "src/test_run.cc",
        "src/trial.cc",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-fno-rtti"],
      # GCC 12 reports overlaps that cannot be in `"text" + std::to_string(n)` (GCC bug 105651).
      "cflags_cc": ["-std=c++20", "-fexceptions", "-Wall", "-Wextra", "-Werror", "-Wno-restrict"],
      "cflags!": ["-Wno-unused-parameter"],
      "libraries": ["-lbpf", "-lelf"],
    }
  ]
}
