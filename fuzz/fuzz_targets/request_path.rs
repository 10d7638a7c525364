#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gatepass_fuzz_targets::run("request_path", data));
